/* The request aes.gcm: against the vectors of McGrew and Viega, "The Galois/Counter Mode of Operation" (cases 3, 9 and
 * 15), and against itself in other pieces. */
#include "guest.h"

#include "net/gcm.h"
#include "net/net.h"

enum { KEY = 100, COUNTER = 200, HASH = 300, IN = 2000, OUT = 8000, ANSWER = 60000, RESULT = 60100, SIZE = 64 };

static struct net net;
static uint32_t channel;

static const char key_text[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
static const char plain_text[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";

static const struct {
    unsigned key_size;
    const char *encrypted, *tag;
} cases[] = {
    {16,
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
     "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {24,
     "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
     "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710acade256",
     "9924a7c8587336bfb118024db8674a14"},
    {32,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
};

static void from_hex(uint8_t *to, const char *text)
{
    for (; *text; text += 2)
        assert_int_equal(sscanf(text, "%2hhx", to++), 1);
}

static int set_up(void **state)
{
    static const struct net_limits limits;

    if (!gcm_is_possible())
        return 0;
    set_up_bare(state);
    memset(&net, 0, sizeof net);
    assert_int_equal(net_serve(&net, &w, NULL, &limits), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    channel = 0;
    from_hex(bytes + KEY, key_text);
    from_hex(bytes + IN, plain_text);
    return 0;
}

static int tear_down(void **state)
{
    return gcm_is_possible() ? tear_down_bare(state) : 0;
}

static uint32_t ask(const char *way, long long key, long long key_size, long long counter, long long hash, long long in,
                    long long out, long long size)
{
    char request[200];

    snprintf(request, sizeof request, "aes.gcm %s %lld %lld %lld %lld %lld %lld %lld", way, key, key_size, counter,
             hash, in, out, size);
    return wasi_path_readlink(&w, channel, 1000, size_of(request), ANSWER, 0, RESULT);
}

/* The counter of the n-th block, from 0, which is that of the tag. */
static void set_counter(uint8_t n)
{
    from_hex(bytes + COUNTER, "cafebabefacedbaddecaf88800000000");
    bytes[COUNTER + 15] = (uint8_t)(n + 1);
}

/* What the guest does at the end: hashes the length, and encrypts the hash as the block 0. */
static void check_tag(unsigned key_size, const char *expected)
{
    uint8_t length[16] = {0}, tag[16], unused[16], counter[16] = {0}, nothing[16] = {0}, *hash = bytes + HASH;

    from_hex(tag, expected);
    length[14] = SIZE * 8 >> 8;
    gcm_blocks(false, bytes + KEY, key_size, counter, hash, length, unused, 1);
    set_counter(0);
    gcm_blocks(true, bytes + KEY, key_size, bytes + COUNTER, nothing, hash, hash, 1);
    assert_memory_equal(hash, tag, 16);
}

static void test_vectors(void **state)
{
    uint8_t plain[SIZE], encrypted[SIZE];

    (void)state;
    if (!gcm_is_possible())
        skip();
    from_hex(plain, plain_text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        from_hex(encrypted, cases[i].encrypted);
        memset(bytes + HASH, 0, 16);
        set_counter(1);
        assert_int_equal(ask("encrypt", KEY, cases[i].key_size, COUNTER, HASH, IN, OUT, SIZE), 0);
        assert_memory_equal(bytes + OUT, encrypted, SIZE);
        assert_int_equal(bytes[COUNTER + 15], 2 + SIZE / 16);
        check_tag(cases[i].key_size, cases[i].tag);
        memset(bytes + HASH, 0, 16);
        set_counter(1);
        assert_int_equal(ask("decrypt", KEY, cases[i].key_size, COUNTER, HASH, OUT, OUT, SIZE), 0);
        assert_memory_equal(bytes + OUT, plain, SIZE);
        check_tag(cases[i].key_size, cases[i].tag);
    }
}

/* Any number of blocks gives what the same blocks give one by one, and the last four bytes of the counter have no
 * carry. */
static void test_pieces(void **state)
{
    uint8_t in[100 * 16], at_once[100 * 16], one[100 * 16], counters[2][16], hashes[2][16];

    (void)state;
    if (!gcm_is_possible())
        skip();
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * i >> 3);
    for (size_t n = 1; n <= 100; n++)
        for (int encrypt = 0; encrypt < 2; encrypt++) {
            for (int i = 0; i < 2; i++) {
                from_hex(counters[i], "000102030405060708090a0bfffffff8");
                from_hex(hashes[i], "00112233445566778899aabbccddeeff");
            }
            gcm_blocks(encrypt, bytes + KEY, 32, counters[0], hashes[0], in, at_once, n);
            for (size_t i = 0; i < n; i++)
                gcm_blocks(encrypt, bytes + KEY, 32, counters[1], hashes[1], in + 16 * i, one + 16 * i, 1);
            assert_memory_equal(at_once, one, 16 * n);
            assert_memory_equal(counters[0], counters[1], 16);
            assert_memory_equal(hashes[0], hashes[1], 16);
            assert_int_equal(counters[0][11], 0x0b);
            assert_int_equal(counters[0][15], (uint8_t)(0xf8 + n));
        }
}

static void test_bad_requests(void **state)
{
    static const struct {
        long long key, key_size, counter, hash, in, out, size;
        uint32_t error;
    } bad[] = {
        {KEY, 15, COUNTER, HASH, IN, OUT, SIZE, WASI_EINVAL},
        {KEY, 20, COUNTER, HASH, IN, OUT, SIZE, WASI_EINVAL},
        {KEY, 40, COUNTER, HASH, IN, OUT, SIZE, WASI_EINVAL},
        {KEY, -16, COUNTER, HASH, IN, OUT, SIZE, WASI_EINVAL},
        {KEY, 16, COUNTER, HASH, IN, OUT, 0, WASI_EINVAL},
        {KEY, 16, COUNTER, HASH, IN, OUT, 15, WASI_EINVAL},
        {KEY, 16, COUNTER, HASH, IN, OUT, -16, WASI_EINVAL},
        {KEY, 16, COUNTER, HASH, IN, OUT, (1 << 20) + 16, WASI_EINVAL},
        {KEY, 16, COUNTER, HASH, IN, OUT, 65536, WASI_EFAULT},
        {65536 - 15, 16, COUNTER, HASH, IN, OUT, SIZE, WASI_EFAULT},
        {KEY, 16, 65536 - 15, HASH, IN, OUT, SIZE, WASI_EFAULT},
        {KEY, 16, COUNTER, 65536 - 15, IN, OUT, SIZE, WASI_EFAULT},
        {KEY, 16, COUNTER, HASH, 65536 - SIZE + 1, OUT, SIZE, WASI_EFAULT},
        {KEY, 16, COUNTER, HASH, IN, 65536 - SIZE + 1, SIZE, WASI_EFAULT},
        {KEY, 16, COUNTER, HASH, IN, UINT32_MAX, SIZE, WASI_EFAULT},
        {KEY, 16, COUNTER, HASH, IN, 1LL << 32, SIZE, WASI_EFAULT},
    };
    static uint8_t before[sizeof bytes];

    (void)state;
    if (!gcm_is_possible())
        skip();
    assert_int_equal(ask("other", KEY, 16, COUNTER, HASH, IN, OUT, SIZE), WASI_EINVAL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(before, bytes, sizeof before);
        assert_int_equal(ask("encrypt", bad[i].key, bad[i].key_size, bad[i].counter, bad[i].hash, bad[i].in, bad[i].out,
                             bad[i].size),
                         bad[i].error);
        /* Nothing but the request is another. */
        memcpy(before + 1000, bytes + 1000, 200);
        assert_memory_equal(before, bytes, sizeof before);
    }
    /* The last bytes of the memory. */
    assert_int_equal(ask("encrypt", KEY, 16, COUNTER, HASH, 65536 - SIZE, 65536 - SIZE, SIZE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_requests, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
