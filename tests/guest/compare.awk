# compare.awk PLAIN OTHER: shows where two traces of calls.c differ, and fails then.
#
# These differences are none, as the two are told apart by nothing but the reason of a failure:
#  - What would change something: wl-run refuses it with EPERM as soon as the folder is mapped to be read only, before it
#    looks at anything else. In the archive the reason is one that Linux has for a file system mounted to be read only:
#    EROFS, or that the name is there already, is not there, or is too long.
#  - access(W): libc asks the host for the rights of the folder the path starts from, and gets an answer for that: EACCES
#    for a file, none for a folder. In the archive it is EROFS.
#  - The descriptor of a folder: the host's engine knows none of the calls that are made for files and gives EBADF; in the
#    archive they are answered as Linux does: reading is EISDIR, and syncing or waiting succeeds.
#  - readlink() of a path that ends in "..": EPERM, which is the engine's own; EINVAL as for every folder.
#  - fdopendir() of a file, or a path that starts from one: EBADF, as the engine knows no such call; ENOTDIR as on Linux.
function result(line) { return substr(line, match(line, / = [^=]*$/) + 3) }
function call(line) { sub(/^[0-9]+ /, "", line); return substr(line, 1, index(line, "(") - 1) }
function asked(line) { return substr(line, 1, match(line, / = [^=]*$/)) }
function allowed(plain, other,    c, p, o) {
    c = call(plain); p = result(plain); o = result(other)
    if (asked(plain) != asked(other))
        return 0
    if (c ~ /^(mkdir|unlink|rmdir|rename|link|symlink|utimensat|truncate)$/ || (c ~ /^open/ && plain ~ /read[a-z ]* (write|make|cut)/))
        return p ~ /^EPERM/ && o ~ /^(EROFS|EEXIST|ENOENT|ENOTDIR|EISDIR|ENAMETOOLONG|EINVAL)/
    if (c == "readlink")
        return p ~ /^EPERM/ && o ~ /^EINVAL/ && plain ~ /\.\.\/?"\)/
    if (c == "access")
        return plain ~ /, W\) = (EACCES|ok)$/ && o == "EROFS"
    if ((c == "futimens" || c == "ftruncate") && p == "EPERM")
        return o ~ /^(EROFS|EINVAL)$/
    if (plain ~ /\[[0-9] folder\]/ && c !~ /at$/ && p ~ /^EBADF/)
        return 1
    if (plain ~ /at\(\[[0-9]\]/)
        return p == "EBADF" && o == "ENOTDIR"
    if (c == "fdopendir")
        return p == "EBADF" && o == "ENOTDIR"
    return 0
}
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
