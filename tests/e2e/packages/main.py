"""Programs of a few lines with packages from PyPI. Each prints the same as natively: main.py NAME [ARGUMENT]..."""
import importlib
import io
import json
import sys


def imports(*names):
    """Packages that query the system when they are imported."""
    for name in names:
        importlib.import_module(name)
    return f"{len(names)} imported"


def django():
    import django
    from django.conf import settings
    settings.configure(
        DEBUG=True, SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}], DEFAULT_AUTO_FIELD="django.db.models.AutoField")
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.http import HttpResponse
    from django.template import engines
    from django.test import Client
    from django.urls import path
    call_command("migrate", verbosity=0)
    for name in "ann", "bob":
        User.objects.create_user(name, password="secret")
    template = engines["django"].from_string("{% for u in users %}{{ u.username|upper }},{% endfor %}{{ request.GET.q }}")

    def view(request):
        return HttpResponse(template.render({"users": User.objects.filter(username__gt="a").order_by("-username"), "request": request}))
    globals()["urlpatterns"] = [path("", view)]
    client = Client()
    answer = client.get("/", {"q": "<b>"})
    assert answer.status_code == 200 and client.get("/none").status_code == 404
    assert User.objects.get(username="ann").check_password("secret") and client.login(username="bob", password="secret")
    return answer.content.decode()


def workbooks():
    """Creates a spreadsheet file in memory. Both packages use a directory for temporary files for that."""
    import openpyxl
    import xlsxwriter
    first, second = io.BytesIO(), io.BytesIO()
    book = openpyxl.Workbook()
    book.active["A1"] = 42
    book.save(first)
    with xlsxwriter.Workbook(second) as book:
        book.add_worksheet("numbers").write(0, 0, 43)
    return [openpyxl.load_workbook(file).active["A1"].value for file in (first, second)]


def upload():
    """More than 500 kB, which Flask keeps in a temporary file."""
    import flask
    app = flask.Flask("upload")

    @app.post("/")
    def receive():
        file = flask.request.files["file"]
        return {"name": file.filename, "size": len(file.read())}
    return app.test_client().post("/", data={"file": (io.BytesIO(bytes(900_000)), "large.bin")}).get_json()


def database():
    import sqlalchemy as s
    from sqlalchemy import orm

    class Base(orm.DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "row"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        text: orm.Mapped[str]
    engine = s.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add_all([Row(text=str(i)) for i in range(42)])
        session.commit()
        return session.scalar(s.select(s.func.count()).select_from(Row)), session.scalars(s.select(Row.text).order_by(Row.id.desc())).first()


def models():
    import pydantic

    class Model(pydantic.BaseModel):
        number: int
        names: list[str] = []
    try:
        Model(number="many")
    except pydantic.ValidationError as error:
        return Model(number="7", names=("a",)).dict(), error.errors()[0]["type"]


def graph():
    import networkx
    return networkx.shortest_path(networkx.path_graph(5), 0, 4), networkx.__version__.split(".")[0]


def shell():
    """The core of IPython, without a terminal."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    with capture_output() as said:
        result = InteractiveShell.instance(history_load_length=0).run_cell("x = [n ** 2 for n in range(4)]\nx[-1]")
    assert result.success, said.stdout
    return result.result


def format():
    import black
    return black.format_str("x = {  'a':1 }", mode=black.Mode())


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
