import sqlalchemy
from sqlalchemy import Column, ForeignKey, Integer, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Session, relationship
from sqlalchemy.util import has_compiled_ext
from sqlalchemy.engine import row
from sqlalchemy.util import _collections, immutabledict


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    name = Column(String)
    mails = relationship("Mail", back_populates="user")


class Mail(Base):
    __tablename__ = "mails"
    id = Column(Integer, primary_key=True)
    address = Column(String)
    user_id = Column(ForeignKey("users.id"))
    user = relationship("User", back_populates="mails")


print(has_compiled_ext(), type(immutabledict.union).__name__)
engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as s:
    s.add_all([User(name="ann", mails=[Mail(address="a@x"), Mail(address="b@x")]), User(name="b\u00f6b")])
    s.commit()
    for row in s.execute(select(User.name, func.count(Mail.id)).outerjoin(Mail).group_by(User.id).order_by(User.id)):
        print(row, row.name, row._mapping[User.name])
    print([m.address for m in s.scalars(select(User).where(User.name == "ann")).one().mails])
print(select(User.id).where(User.name.in_(["a", "b"])).order_by(User.id.desc()))
print(immutabledict({"a": 1}).union({"b": 2}), list(_collections.OrderedSet([3, 1, 3])))
