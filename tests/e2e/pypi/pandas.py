import contextlib
import io
import sqlite3

import numpy as np
import pandas as pd

text = '''city,when,what,n,price
Wien,2026-03-28T22:30:00,tea,3,2.50
Graz,2026-03-29T00:30:00,tea,1,2.75
Wien,2026-03-29T01:30:00,coffee,4,3.10
Linz,2026-10-25T00:30:00,"milk, ""fresh""",2,
Graz,2026-10-25T01:30:00,coffee,,3.40
'''
df = pd.read_csv(io.StringIO(text), parse_dates=["when"])
print(df.dtypes.drop("when").astype(str).to_dict(), df.shape, int(df.isna().sum().sum()))
print(df.groupby("city")["n"].agg(["sum", "mean", "count"]).to_dict("index"))
print(df.assign(total=df.n * df.price).pivot_table("total", "city", "what", aggfunc="sum").round(2).to_csv(), end="")
zips = pd.DataFrame({"city": ["Wien", "Graz", "Bern"], "zip": [1010, 8010, 3000]})
print(df[["city", "n"]].merge(zips, how="outer", on="city", indicator=True).sort_values(["city", "n"]).to_json(orient="records"))
# The clocks of Vienna go forward in March and back in October.
local = df.set_index("when").tz_localize("UTC").tz_convert("Europe/Vienna")
print([t.isoformat() for t in local.index], local.index.tz)
for zone, moment in (("Europe/Vienna", "2026-03-29 02:30"), ("Europe/Vienna", "2026-10-25 02:30")):
    try:
        pd.Timestamp(moment).tz_localize(zone)
    except ValueError as e:
        print(e)
print(local["n"].resample("D").sum().loc[lambda s: s > 0].to_json(date_format="iso"))
print(pd.date_range("2026-01-31", periods=4, freq="ME").strftime("%d %b").tolist(), pd.Period("2026Q1").end_time.date(),
      pd.Timedelta("1 days 02:03:04.5").isoformat(), (pd.Timestamp("2026-01-30") + pd.offsets.BDay(1)).day_name())
s = pd.Series([1.0, np.nan, 3.0, 10.0, 2.0], index=list("abcde"))
print(s.rolling(2, min_periods=1).mean().tolist(), s.ewm(alpha=0.5).mean().round(4).tolist(), s.rank().tolist(),
      s.interpolate().tolist(), s.quantile([0.25, 0.5]).tolist())
print(df.sort_values(["city", "price"], ascending=[True, False]).what.str.upper().str.extract(r"^(\w)")[0].tolist(),
      pd.cut(s, [0, 2, 5, 20]).astype(str).tolist(), pd.Categorical(list("abca")).codes.tolist())
print(df.stack().size, pd.concat([s, s * 2], axis=1, keys=["x", "y"]).T.sum(axis=1).to_dict(), pd.factorize(df.city)[1].tolist())
print(pd.read_json(io.StringIO(df.drop(columns="when").to_json(orient="table", index=False)), orient="table").equals(df.drop(columns="when")),
      df.memory_usage(index=False).sum() > 100, pd.eval("3 * 4 + 2"))
with contextlib.closing(sqlite3.connect(":memory:")) as db:
    df.to_sql("sales", db, index=False)
    print(pd.read_sql("select what, sum(n) n from sales group by what order by 1", db).values.tolist())
buffer = io.BytesIO()
df.to_pickle(buffer, compression=None)
print(pd.read_pickle(io.BytesIO(buffer.getvalue())).equals(df), len(df.to_html()) > 500)
print(df.describe().round(3).to_string(float_format="%.3f"))
try:
    pd.read_csv(io.StringIO("a,b\n1,2\n3,4,5,6\n"))
except pd.errors.ParserError as e:
    print(str(e).strip())
