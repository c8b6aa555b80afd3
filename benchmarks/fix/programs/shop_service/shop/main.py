from fastapi import Depends, FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.db import Line, Order, Product, get_db
from shop.prices import subtotal, total

app = FastAPI()


class ProductIn(BaseModel):
    name: str = Field(min_length=1)
    category: str
    price: int = Field(gt=0)
    stock: int = Field(default=0, ge=0)


class ProductOut(ProductIn):
    model_config = ConfigDict(from_attributes=True)

    id: int


class LineIn(BaseModel):
    product_id: int
    count: int = Field(default=1, ge=1)


class OrderIn(BaseModel):
    customer: str
    lines: list[LineIn] = Field(min_length=1)
    coupon: str | None = None


def order_out(order: Order, coupon: str | None = None) -> dict:
    lines = [{"product_id": line.product_id, "count": line.count, "price": line.price} for line in order.lines]
    return {
        "id": order.id,
        "customer": order.customer,
        "state": order.state,
        "lines": lines,
        "subtotal": subtotal(order.lines),
        "total": total(order.lines, coupon),
    }


def get_product(product_id: int, db: Session) -> Product:
    product = db.get(Product, product_id)
    if product is None or not product.active:
        raise HTTPException(status_code=404, detail="no such product")
    return product


def get_order(order_id: int, db: Session) -> Order:
    order = db.get(Order, order_id)
    if order is None:
        raise HTTPException(status_code=404, detail="no such order")
    return order


@app.post("/products", status_code=201, response_model=ProductOut)
def create_product(body: ProductIn, db: Session = Depends(get_db)):
    product = Product(**body.model_dump())
    db.add(product)
    db.commit()
    db.refresh(product)
    return product


@app.get("/products", response_model=list[ProductOut])
def list_products(
    category: str | None = None,
    max_price: int | None = Query(default=None, ge=0),
    in_stock: bool = False,
    sort: str = "name",
    limit: int = Query(default=20, ge=1, le=100),
    offset: int = Query(default=0, ge=0),
    db: Session = Depends(get_db),
):
    query = select(Product).where(Product.active)
    if category is not None:
        query = query.where(Product.category == category)
    if max_price is not None:
        query = query.where(Product.price <= max_price)
    if in_stock:
        query = query.where(Product.stock > 0)
    order = Product.price if sort == "price" else Product.name
    return db.scalars(query.order_by(order, Product.id).limit(limit).offset(offset)).all()


@app.get("/products/{product_id}", response_model=ProductOut)
def read_product(product_id: int, db: Session = Depends(get_db)):
    return get_product(product_id, db)


@app.delete("/products/{product_id}", status_code=204)
def delete_product(product_id: int, db: Session = Depends(get_db)):
    get_product(product_id, db).active = False
    db.commit()
    return Response(status_code=204)


@app.post("/orders", status_code=201)
def create_order(body: OrderIn, db: Session = Depends(get_db)):
    order = Order(customer=body.customer)
    for wanted in body.lines:
        product = get_product(wanted.product_id, db)
        if product.stock < wanted.count:
            raise HTTPException(status_code=409, detail=f"only {product.stock} of {product.name}")
        product.stock -= wanted.count
        order.lines.append(Line(product_id=product.id, count=wanted.count, price=product.price))
    db.add(order)
    db.commit()
    db.refresh(order)
    return order_out(order, body.coupon)


@app.get("/orders")
def list_orders(customer: str, db: Session = Depends(get_db)):
    orders = db.scalars(select(Order).where(Order.customer == customer).order_by(Order.id.desc()))
    return [order_out(order) for order in orders]


@app.get("/orders/{order_id}")
def read_order(order_id: int, db: Session = Depends(get_db)):
    return order_out(get_order(order_id, db))


@app.post("/orders/{order_id}/cancel")
def cancel(order_id: int, db: Session = Depends(get_db)):
    order = get_order(order_id, db)
    if order.state != "new":
        raise HTTPException(status_code=409, detail=f"the order is {order.state}")
    for line in order.lines:
        product = db.get(Product, line.product_id)
        product.stock += line.count
    order.state = "cancelled"
    db.commit()
    return order_out(order)
