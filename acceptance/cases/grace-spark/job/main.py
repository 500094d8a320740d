import os, signal, sys, time

from pyspark.sql import SparkSession

log = open(os.environ["CASE"] + "/load.log", "w", buffering=1)


def stop(*_):
    for i in range(1, 6):
        log.write("rolling back %d of 5\n" % i)
        time.sleep(0.1)
    log.write("rolled back\n")
    sys.exit(0)


SparkSession.builder.getOrCreate()
signal.signal(signal.SIGTERM, stop)
open(os.environ["CASE"] + "/up", "w").close()
while True:
    time.sleep(0.1)  # a signal just before a long sleep would wait for its end
