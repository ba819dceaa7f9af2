# The table of functions of a module that has one and never changes it, as assembler, out of the lines of wasm2c's C that are
# about TABLE (aot.sh picks them). An entry is where the function is, seen from the table, and a number of its type, so
# nothing is to be put in place when a program starts. The numbers go to the file HEADER. Status 1: this table cannot be
# made so.
function no() {
    failed = 1
    exit 1
}

# An empty table takes no room where it is allocated; here it does, so it is to have not much more than it holds.
BEGIN { MOST_GAPS = 65536 }

# FUNC_TYPE_T(w2c_guest_t0) = "...": the same text is the same type.
/^FUNC_TYPE/ {
    split($0, word, /[()]/)
    text = $0
    sub(/^[^=]*= /, "", text)
    if (!(text in number))
        number[text] = ++types
    type[word[2]] = number[text]
    next
}

# const wasm_elem_segment_expr_t elem_segment_exprs_w2c_guest_e0[] = {
/^(static )?const / {
    segment = $0
    sub(/\[.*/, "", segment)
    sub(/.* /, "", segment)
    next
}

# {RefFunc, w2c_guest_t12, (wasm_rt_function_ptr_t)w2c_guest_f1, {NULL}, 0},
/^  \{RefFunc, / {
    split($0, word, /[,)] */)
    if (!(word[2] in type))
        no()
    entry = length_of[segment]++
    types_of[segment, entry] = type[word[2]]
    functions_of[segment, entry] = word[4]
    functions++
    next
}
/^  \{/ { no() }

# wasm_rt_allocate_funcref_table(&instance->w2c_T0, 12658, 12658);
/^  wasm_rt_allocate_funcref_table\(/ {
    split($0, word, /[(),] */)
    size = word[3] + 0
    next
}

# funcref_table_init(&instance->w2c_T0, elem_segment_exprs_w2c_guest_e0, 12657, 1u, 0, 12657, instance);
/^  funcref_table_init\(/ {
    split($0, word, /[(),] */)
    at = word[5] + 0
    n = word[4] + 0
    if (word[5] !~ /^[0-9]+u$/ || word[6] != "0" || word[7] != word[4] || length_of[word[3]] != n || at + n > size)
        no()
    for (i = 0; i < n; i++) {
        code[at + i] = functions_of[word[3], i]
        code_type[at + i] = types_of[word[3], i]
    }
    next
}

/^  (wasm_rt_free_funcref_table\(|return )&instance->/ { next }

{
    sub("CALL_INDIRECT[(]instance->" table ", ", "")
    gsub("instance->" table "[.]data[[]var_[a-z0-9]*[]][.]module_instance", "")
    if ($0 ~ "instance->" table)
        no()
}

END {
    if (failed || !size || size > functions + MOST_GAPS)
        exit 1
    print "    .section .rodata.guest_table,\"a\",@progbits\n    .balign 64\n    .globl guest_table\n    .hidden guest_table"
    print "guest_table:"
    for (i = 0; i < size; i++)
        if (i in code)
            printf "    .long %s - guest_table, %d\n", code[i], code_type[i]
        else
            print "    .quad 0"
    print "    .section .note.GNU-stack,\"\",@progbits"
    print "#define GUEST_TABLE_SIZE " size "u" >HEADER
    for (name in type)
        print "#define NUMBER_OF_" name " " type[name] >HEADER
    print "#include \"calls.h\"" >HEADER
}
