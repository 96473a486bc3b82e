"""Small, fast object stores in memory, for measuring clients rather than servers.

One uvloop event loop per process, path-style addressing, no authentication. Each dialect knows
what SDKs and sync programs ask of its service. A measurement steers the server over HTTP:

    POST /_ctl?latency_ms=20&rtt_ms=0&conn_mb_s=0   turn the knobs; one not named goes to 0
    POST /_ctl/reset                                zero the counters, drop what clients made
    GET  /_ctl/stats                                {"ops": {"PutObject": 3}, "requests": 3, ...}
    POST /_ctl/fill?bucket=b&prefix=p/&count=1000&size=100    make objects quickly
    PUT  /_ctl/put?bucket=b&key=k                   make one object of the body
    GET  /_ctl/digest?bucket=b&prefix=p/            {"files": 3, "digest": "..."} of what is there

latency_ms   the service's own time, added once to each response
rtt_ms       the network's: once per response, once per "100 Continue", and twice more on a fresh
             connection (the TCP and TLS handshakes)
conn_mb_s    what one connection can carry, in MB/s; 0 is unlimited

    python -m fake s3|gcs|azure [--port 9000] [--tls-port 9443 --cert cert.pem --key key.pem]

It prints one line once it listens: {"port": 9000, "tls_port": 9443}. Port 0 takes a free one.
"""
