import yarl
from yarl import URL, _quoting, _quoting_c

print(_quoting._Quoter is _quoting_c._Quoter, _quoting._Unquoter is _quoting_c._Unquoter)
url = URL("https://us%20er:p%40ss@ex\u00e4mple.com:8080/p\u00e4th/to%2Ffile?a=1&b=x+y&a=%E2%82%AC#fr ag")
print(url, url.host, url.raw_host, url.user, url.password, url.port)
print(url.path, url.raw_path, url.parts, url.query.getall("a"), url.query["b"], url.fragment)
print(url / "more" / "\u20ac", url.with_query({"q": "a b&c"}), url.parent, url.join(URL("../other?x")))
print(URL.build(scheme="http", host="::1", path="/a b", query=[("k", "v=w")]), URL("http://h/%7euser/%zz").raw_path)
for bad in ("http://[::1", "http://host:port/"):
    try:
        URL(bad)
    except ValueError as e:
        print(type(e).__name__)
print(_quoting_c._Quoter(safe="/")("a b/\u00fc%2f"), _quoting_c._Unquoter()("%C3%BC%41%zz"), len(_quoting_c._Quoter()("\u20ac" * 9000)))
