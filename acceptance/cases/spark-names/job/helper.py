def increase(n):
    return n + 1
