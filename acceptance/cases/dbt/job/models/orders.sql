select * from values (1, 'a', 2.5), (2, 'b', 3.5), (3, null, 1.0) as orders(id, sku, price)
