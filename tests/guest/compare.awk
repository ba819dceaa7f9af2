# compare.awk PLAIN OTHER: shows where two traces of calls.c differ, and fails then.
#
# These differences are none, as the two are told apart by nothing but the reason of a failure:
#  - What would change something fails in both, for a reason that Linux has on a file system that is read only: that, or
#    that the name is there already, is not there, is too long, or leads through something else than a folder. Where
#    several are true, the two look in another order.
#  - access(W): libc asks the host for the rights of the folder the path starts from, and gets an answer for that: EACCES
#    for a file, none for a folder. In the archive it is EROFS.
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
    print "  real folder: " trace[FNR]
    print "  in module:   " $0
    if (++differences == 20)
        exit
}
END {
    if (FNR != lines && differences < 20)
        print "  the real folder has " lines " lines, the other " FNR
    exit differences > 0 || FNR != lines
}
