import { join } from "node:path";

export interface CephPlace {
  readonly folder: string;
  readonly clusterId: string;
  readonly monitorPort: number;
}

/** What the S3 gateway keeps its objects and its own records in. */
export const POOLS = [
  ".rgw.root",
  "default.rgw.log",
  "default.rgw.control",
  "default.rgw.meta",
  "default.rgw.buckets.index",
  "default.rgw.buckets.data",
  "default.rgw.buckets.non-ec",
];

/** The text of a ceph.conf for one monitor, one store in memory and a gateway, all on 127.0.0.1. */
export const cephConfiguration = ({ folder, clusterId, monitorPort }: CephPlace): string => `[global]
fsid = ${clusterId}
mon initial members = a
mon host = v2:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
run dir = ${join(folder, "run")}
crash dir = ${join(folder, "run")}
admin socket = ${join(folder, "run", "$name.asok")}
log file = ${join(folder, "log", "$name.log")}
pid file = ${join(folder, "run", "$name.pid")}

# Programs that know each other by nothing but the port. The gateway hangs for ever when only some of this is said:
# without keys it still insists on an encrypted connection.
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
ms cluster mode = crc
ms service mode = crc
ms client mode = crc

# One copy of everything.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000

[mon]
mon data = ${join(folder, "mon")}
mon data avail crit = 1
# Every change of the cluster waits for this, and a start makes many.
paxos propose interval = 0.05
paxos min wait = 0.01

[osd]
osd data = ${join(folder, "osd")}
osd objectstore = memstore
memstore device bytes = 1073741824

[client]
rgw data = ${join(folder, "rgw")}
rgw dynamic resharding = false
# What is deleted leaves the memory soon.
rgw gc obj min wait = 2
rgw gc processor period = 2
rgw gc processor max time = 2
rgw enable lc threads = false
`;
