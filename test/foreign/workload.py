#!/usr/bin/env python3
"""A workload of a coldpool cluster, in a language of its own: Python 3 and its standard library, nothing else.

It joins a host of a running cluster, fills its memory, overwrites it with data that does not compress, and leaves when it has
done its work, or when it is told to stop. docs/PROTOCOL.md says what all of this means; copy what you need.

    workload.py --bus nats://127.0.0.1:4222 --cluster default --host host-1 --pages 4000 --work 3

User and password may stand in the address, or in COLDPOOL_NATS_USER and COLDPOOL_NATS_PASSWORD(_FILE). What it hears goes to
the standard output, a JSON document a line. Left out: TLS, and coming back after the server was lost.
"""

import argparse
import json
import os
import secrets
import struct
import sys
import time

from bus import Bus
from packing import pack, unpack

ALIVE_SECONDS = 1.0
"""The conductor takes one that says nothing for 5 s for dead."""
AGAIN_SECONDS = 2.0
"""Nobody answers before the run has its stages, and any message may be lost."""

# How the pages are used: share of all pages; reads and writes per page and second of work; share of these that miss the CPU
# cache; what the pages hold at first, and what is written.
CALM = [(0.2, 50.0, 5.0, 0.1, 'redis_json', 'redis_json'), (0.8, 0.01, 0.0, 1.0, 'redis_json', 'redis_json')]
WILD = [(0.2, 50.0, 5.0, 0.1, 'redis_json', 'redis_json'), (0.8, 0.10, 2.0, 1.0, 'redis_json', 'incompressible')]


def main():
    options = parse_options()
    bus = Bus(options.bus)
    member = join(bus, options.cluster, options.host)
    tell('joined', host=options.host, **{name: member[name] for name in ('run', 'id', 'quantum', 'seconds')})
    run, name, key = member['run'], member['id'], member['key']
    bus.subscribe(f'coldpool.{run}.progress.conductor.{name}')

    def say(kind, *fields):
        bus.publish(f'coldpool.{run}.mail.workload.conductor', pack([name, key, kind, *fields]))

    say('profile', profile(options.pages, CALM))
    wild = False
    alive = time.monotonic()
    while True:
        message = bus.receive(ALIVE_SECONDS / 4)
        if time.monotonic() - alive >= ALIVE_SECONDS:
            alive = time.monotonic()
            say('alive')
        if message is None:
            continue
        quantum, kind, fields = unpack(message[1])
        if kind == 'progress':
            work_ns, allocated, _, _ = fields
            tell('progress', quantum=quantum, seconds=work_ns / 1e9, allocated=allocated)
            if not wild and allocated >= options.pages:
                wild = True
                say('profile', profile(options.pages, WILD))
            if work_ns < options.work * 1e9:
                continue
        say('left')
        bus.flush()
        return tell(kind if kind != 'progress' else 'done', quantum=quantum)


def profile(pages, classes):
    """The fields of the mail `profile`, in the order of the table."""
    columns = list(zip(*classes))
    share, reads, writes, miss = (struct.pack(f'<{len(classes)}d', *column) for column in columns[:4])
    allocate_bytes_per_second, threads, contiguous, shift = 64e6, 1, 0, 0.0
    no_sweep = [0.0, 0, 0, 0, 'zero']
    stored, written = map(list, columns[4:])
    return [pages, allocate_bytes_per_second, threads, contiguous, shift, share, reads, writes, miss, stored, written, *no_sweep]


def join(bus, cluster, host):
    """Asks the conductor, as soon as there is one. Its answer names the run, this workload, and its key."""
    nonce = secrets.token_hex(8)
    inbox = f'_INBOX_workload.{nonce}'
    bus.subscribe(inbox)
    message = None
    while message is None:
        bus.publish(f'coldpool.lobby-{cluster}.join.workload.conductor', pack({'host': host, 'nonce': nonce}), reply=inbox)
        message = bus.receive(AGAIN_SECONDS)
    answer = unpack(message[1])
    if 'error' in answer:
        sys.exit(answer['error'])
    return answer


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--bus', default=os.environ.get('COLDPOOL_BUS', 'nats://127.0.0.1:4222'))
    parser.add_argument('--cluster', default=os.environ.get('COLDPOOL_CLUSTER', 'default'))
    parser.add_argument('--host', required=True)
    parser.add_argument('--pages', type=int, default=4000, help='of 4 KiB')
    parser.add_argument('--work', type=float, default=float('inf'), help='seconds of work until it leaves')
    return parser.parse_args()


def tell(what, **more):
    print(json.dumps({'what': what, **more}), flush=True)


if __name__ == '__main__':
    main()
