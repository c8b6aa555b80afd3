"""A small shop: products on the shelf and the orders for them."""

import os
from datetime import datetime, timezone
from typing import List, Optional

from fastapi import Depends, FastAPI, HTTPException, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, DateTime, Float, ForeignKey, Integer, String, create_engine
from sqlalchemy.orm import Session, declarative_base, relationship, sessionmaker

DATABASE_URL = os.getenv("DATABASE_URL", "sqlite:///./shop.db")

# sqlite objects to being used from another thread, FastAPI's threadpool is one
connect_args = {"check_same_thread": False} if DATABASE_URL.startswith("sqlite") else {}

engine = create_engine(DATABASE_URL, connect_args=connect_args)
SessionLocal = sessionmaker(autocommit=False, autoflush=False, bind=engine)
Base = declarative_base()


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


# ---- tables ---------------------------------------------------------------


class Product(Base):
    __tablename__ = "products"

    id = Column(Integer, primary_key=True, index=True)
    name = Column(String(120), nullable=False)
    price = Column(Float, nullable=False)
    stock = Column(Integer, nullable=False, default=0)
    category = Column(String(50), index=True)  # free text, may be empty
    created_at = Column(DateTime, default=lambda: datetime.now(timezone.utc))

    orders = relationship("Order", back_populates="product")


class Order(Base):
    __tablename__ = "orders"

    id = Column(Integer, primary_key=True, index=True)
    product_id = Column(Integer, ForeignKey("products.id"), nullable=False)
    quantity = Column(Integer, nullable=False)
    customer = Column(String(120), nullable=False)

    product = relationship("Product", back_populates="orders")


Base.metadata.create_all(bind=engine)


# ---- what goes over the wire ----------------------------------------------


class ProductBase(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    price: float = Field(gt=0)
    stock: int = Field(0, ge=0)
    category: Optional[str] = Field(None, max_length=50)


class ProductCreate(ProductBase):
    pass


class ProductUpdate(BaseModel):
    name: Optional[str] = Field(None, min_length=1, max_length=120)
    price: Optional[float] = Field(None, gt=0)
    stock: Optional[int] = Field(None, ge=0)
    category: Optional[str] = Field(None, max_length=50)


class ProductOut(ProductBase):
    model_config = ConfigDict(from_attributes=True)

    id: int


class OrderCreate(BaseModel):
    product_id: int
    quantity: int = Field(ge=1)
    customer: str


class OrderOut(OrderCreate):
    model_config = ConfigDict(from_attributes=True)

    id: int


# ---- the API --------------------------------------------------------------

app = FastAPI(title="Shop", version="1.2.0")


def find_product(product_id: int, db: Session) -> Product:
    product = db.query(Product).filter(Product.id == product_id).first()
    if product is None:
        raise HTTPException(status_code=404, detail="No such product")
    return product


@app.get("/")
def index():
    return {"name": app.title, "version": app.version}


@app.post("/products", response_model=ProductOut, status_code=status.HTTP_201_CREATED)
def create_product(data: ProductCreate, db: Session = Depends(get_db)):
    product = Product(**data.model_dump())
    db.add(product)
    db.commit()
    db.refresh(product)
    return product


@app.get("/products", response_model=List[ProductOut])
def list_products(db: Session = Depends(get_db)):
    return db.query(Product).all()


@app.get("/products/{product_id}", response_model=ProductOut)
def read_product(product_id: int, db: Session = Depends(get_db)):
    return find_product(product_id, db)


@app.patch("/products/{product_id}", response_model=ProductOut)
def update_product(product_id: int, data: ProductUpdate, db: Session = Depends(get_db)):
    product = find_product(product_id, db)
    for key, value in data.model_dump(exclude_unset=True).items():
        setattr(product, key, value)
    db.commit()
    db.refresh(product)
    return product


@app.delete("/products/{product_id}", status_code=204)
def delete_product(product_id: int, db: Session = Depends(get_db)):
    product = find_product(product_id, db)
    if product.orders:
        raise HTTPException(status_code=409, detail="Product has orders")
    db.delete(product)
    db.commit()
    return Response(status_code=204)


@app.post("/orders", response_model=OrderOut, status_code=201)
def create_order(order: OrderCreate, db: Session = Depends(get_db)):
    product = find_product(order.product_id, db)
    if product.stock < order.quantity:
        raise HTTPException(status_code=409, detail=f"Only {product.stock} left")
    product.stock -= order.quantity
    row = Order(**order.model_dump())
    db.add(row)
    db.commit()
    db.refresh(row)
    return row


@app.get("/orders", response_model=List[OrderOut])
def list_orders(customer: Optional[str] = None, db: Session = Depends(get_db)):
    query = db.query(Order)
    if customer:
        query = query.filter(Order.customer == customer)
    return query.order_by(Order.id).all()


@app.get("/orders/{order_id}", response_model=OrderOut)
def read_order(order_id: int, db: Session = Depends(get_db)):
    order = db.get(Order, order_id)
    if not order:
        raise HTTPException(404, "No such order")
    return order


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=8000)
