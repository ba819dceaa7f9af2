/** Guests (guest-signals.c) in a JVM, which detects null references and the end of a stack by SIGSEGV. */
public class Guests {
    static native int run(int what);

    static int lengthOf(int[] array) {
        return array.length;
    }

    static int depth(int n) {
        return depth(n + 1) + 1;
    }

    /** The JVM's own faults; then each kind of guest, which must end in its way. */
    static String once() {
        StringBuilder told = new StringBuilder();
        try {
            told.append(lengthOf(null));
        } catch (NullPointerException e) {
            told.append("null");
        }
        try {
            told.append(depth(0));
        } catch (StackOverflowError e) {
            told.append(" deep");
        }
        for (int what = 1; what <= 4; what++)
            told.append(' ').append(run(what));
        return told.toString();
    }

    public static void main(String[] args) throws Exception {
        System.load(args[0]);
        for (int i = 0; i < 3; i++)
            System.out.println(once());
        // In parallel, while the garbage collector stops all threads again and again.
        String[] told = new String[4];
        Thread[] threads = new Thread[told.length];
        for (int i = 0; i < told.length; i++) {
            int own = i;
            threads[i] = new Thread(() -> {
                for (int n = 0; n < 5; n++)
                    told[own] = once();
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                System.gc();
                thread.join(10);
            }
        }
        for (String s : told)
            System.out.println(s);
    }
}
