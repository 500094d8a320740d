select sku, sum(price) as revenue from {{ ref('orders') }} group by sku
