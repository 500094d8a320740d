import time

print("day 1 loaded")
time.sleep(600)
