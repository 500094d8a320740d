import os, signal, sys, time


def stop(*_):
    for i in range(1, 6):
        print("rolling back", i, "of 5", flush=True)
        time.sleep(0.1)
    print("rolled back", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
open(os.environ["CASE"] + "/up", "w").close()
while True:
    time.sleep(0.1)  # a signal just before a long sleep would wait for its end
