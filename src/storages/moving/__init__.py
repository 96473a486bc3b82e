"""Files from one storage to another: compared, copied, verified, by threads or by many machines.

`storages.bulk` has the public functions.
"""
