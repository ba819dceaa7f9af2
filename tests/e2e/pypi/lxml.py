import io
import pathlib
import tempfile

from lxml import builder, etree, html, objectify

print(type(etree.fromstring).__name__, etree.LIBXML_VERSION > (2, 10), etree.LIBXSLT_VERSION > (1, 1))
root = etree.fromstring(b"""<?xml version='1.0' encoding='ISO-8859-1'?>
<!DOCTYPE shop [<!ENTITY who "Ann &amp; B\xf6b">]>
<shop xmlns:x="urn:x"><item n="2" x:id="a">tea</item><item n="40">&who;</item><!-- end --><?go on?></shop>""")
print(root.xpath("sum(//item/@n)"), root.xpath("//item[@n > $low]/text()", low=3), root.xpath("//@x:id", namespaces={"x": "urn:x"}))
print(etree.tostring(root, encoding="unicode"))
print(etree.tostring(root, method="c14n").decode())
print([e.tag if isinstance(e.tag, str) else type(e).__name__ for e in root.iter()], root.find("item[2]").get("n"))


# XPath and XSLT call functions in Python.
def shout(context, words):
    return [w.upper() + "!" for w in words]


etree.FunctionNamespace("urn:f")["shout"] = shout
print(root.xpath("f:shout(//item[1]/text())", namespaces={"f": "urn:f"}))
sheet = etree.XSLT(etree.fromstring("""<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:str="http://exslt.org/strings" xmlns:f="urn:f" exclude-result-prefixes="str f"><xsl:output indent="yes"/><xsl:param name="title"/>
  <xsl:template match="/"><list title="{$title}"><xsl:for-each select="//item"><xsl:sort select="@n" data-type="number" order="descending"/>
    <li><xsl:value-of select="f:shout(text())"/></li></xsl:for-each><p><xsl:value-of select="str:padding(3, '-')"/></p></list></xsl:template>
</xsl:stylesheet>"""))
print(str(sheet(root, title=etree.XSLT.strparam("It's"))))
try:
    etree.XSLT(etree.fromstring('<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:bad/></xsl:stylesheet>'))
except etree.XSLTParseError as e:
    print(type(e).__name__, e)
page = html.fromstring("<p class=a>one<p>two <a href='/x?a=1&b=2'>link</a><br><table><tr><td>c")
page.make_links_absolute("https://example.org/dir/")
print(html.tostring(page).decode(), page.xpath("//a/@href"), page.text_content())
relaxng = etree.RelaxNG(etree.fromstring("""<element name="shop" xmlns="http://relaxng.org/ns/structure/1.0"
    datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes"><oneOrMore><element name="item"><attribute name="n"><data type="int"/></attribute>
    <text/></element></oneOrMore></element>"""))
for text in ("<shop><item n='1'>a</item></shop>", "<shop><item n='x'>a</item></shop>"):
    print(relaxng.validate(etree.fromstring(text)), relaxng.error_log.last_error and relaxng.error_log.last_error.message)
schema = etree.XMLSchema(etree.fromstring("""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="n">
    <xs:simpleType><xs:restriction base="xs:integer"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType></xs:element></xs:schema>"""))
print(schema(etree.fromstring("<n>9</n>")), schema(etree.fromstring("<n>10</n>")), schema.error_log[0].type_name)
for bad in (b"<a><b></a>", b"<a>\xff</a>", b"", b"<a>&x;</a>"):
    try:
        etree.fromstring(bad)
    except etree.XMLSyntaxError as e:
        print(e.lineno, type(e).__name__, e.msg)
events = [(event, e.tag) for event, e in etree.iterparse(io.BytesIO(etree.tostring(root)), events=("start", "end"))]
print(len(events), events[:3])
data = objectify.fromstring("<r><a>1</a><a>2.5</a><b x='y'>true</b></r>")
print([type(a.pyval).__name__ for a in data.a], data.b.pyval, data.b.get("x"), data.a[0] + 1)
E = builder.ElementMaker(namespace="urn:m", nsmap={None: "urn:m"})
print(etree.tostring(E.doc(E.part("\u20ac", kind="1"), "tail"), xml_declaration=True, encoding="UTF-8").decode())
with tempfile.TemporaryDirectory() as directory:
    path = pathlib.Path(directory, "a.xml.gz")
    etree.ElementTree(root).write(path, compression=5, encoding="utf-8")
    print(path.read_bytes()[:2] == b"\x1f\x8b", etree.parse(path, etree.XMLParser(decompress=True)).getroot().xpath("count(//item)"))
    with open(path, "wb") as f, etree.xmlfile(f, encoding="utf-8") as out:
        with out.element("a", n="1"):
            for i in range(3):
                out.write(etree.Element("b", i=str(i)))
    print(path.read_text())
    try:
        etree.parse(pathlib.Path(directory, "none.xml"))
    except OSError as e:
        print(type(e).__name__, "none.xml" in str(e))
