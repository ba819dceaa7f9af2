"""SQLite sorts, groups, indexes and rolls back more than its cache holds, without a place for temporary files."""
import os
import sqlite3
import sys

for name in ":memory:", sys.argv[1] + "/large.db":
    db = sqlite3.connect(name)
    db.execute("CREATE TABLE t(a, b)")
    with db:
        db.execute("INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 100000)"
                   " SELECT i, hex(randomblob(32)) FROM r")
    for what in ("SELECT * FROM t ORDER BY b", "SELECT substr(b, 1, 6) s, count(*) FROM t GROUP BY s ORDER BY 2",
                 "SELECT count(DISTINCT b) FROM t", "CREATE INDEX i ON t(b)", "SELECT b FROM t UNION SELECT a FROM t",
                 "SELECT count(*) FROM t x, t y WHERE x.a = y.a + 1", "CREATE TEMP TABLE u AS SELECT * FROM t",
                 "UPDATE t SET b = b || 'x'", "SAVEPOINT s", "DELETE FROM t WHERE a % 2", "RELEASE s"):
        db.execute(what).fetchall()
    db.commit()
    db.execute("VACUUM")
    assert db.execute("SELECT count(*) FROM t").fetchone() == (50000,)
    db.execute("VACUUM INTO ?", (sys.argv[1] + "/copy.db",))
    db.close()
    os.unlink(sys.argv[1] + "/copy.db")
os.unlink(sys.argv[1] + "/large.db")
