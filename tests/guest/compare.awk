# compare.awk PLAIN OTHER: shows the differences between two traces of calls.c, and fails if there are any.
#
# These differences are allowed, because only the reason of a failure differs:
#  - A call that would change something fails in both. The reason is one that Linux has on a read-only file system:
#    that, or the name exists, does not exist, is too long, or leads through something that is not a directory. If
#    several are true, the two check them in different orders.
#  - access(W): libc asks the host for the rights of the directory in which the path starts, and answers for that:
#    EACCES for a file, no error for a directory. In the archive it is EROFS.
function result(line) { return substr(line, match(line, / = [^=]*$/) + 3) }
function call(line) { sub(/^[0-9]+ /, "", line); return substr(line, 1, index(line, "(") - 1) }
function asked(line) { return substr(line, 1, match(line, / = [^=]*$/)) }
function allowed(plain, other,    c, p, o) {
    c = call(plain); p = result(plain); o = result(other)
    if (asked(plain) != asked(other))
        return 0
    if (c ~ /^(mkdir|unlink|rmdir|rename|link|symlink|utimensat|truncate)$/)
        return p ~ refusals && o ~ refusals
    if (c == "access")
        return plain ~ /, W\) = (EACCES|ok)$/ && o == "EROFS"
    return 0
}
BEGIN { refusals = "^(EROFS|EEXIST|ENOENT|ENOTDIR|EISDIR|ENAMETOOLONG|EINVAL)" }
FNR == NR { trace[FNR] = $0; lines = FNR; next }
trace[FNR] != $0 && !allowed(trace[FNR], $0) {
    print "  real directory: " trace[FNR]
    print "  in module:   " $0
    if (++differences == 20)
        exit
}
END {
    if (FNR != lines && differences < 20)
        print "  the real directory has " lines " lines, the other " FNR
    exit differences > 0 || FNR != lines
}
