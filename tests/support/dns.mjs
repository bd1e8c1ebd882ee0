// A fake name server on UDP and TCP: answers are scripted by name.
//
//   dns.set('a.test', { A: ['127.0.0.1'], AAAA: [] })
//   dns.set('b.test', (type, count) => ({ addresses: [...], ttl: 0 }))
//   dns.set('c.test', 'nxdomain' | 'servfail' | 'silent' | 'garbage')

import dgram from 'node:dgram';
import net from 'node:net';

const TYPES = { 1: 'A', 28: 'AAAA', 5: 'CNAME' };

function packName(name) {
  const labels = name.split('.').filter((l) => l);
  return Buffer.concat([
    ...labels.flatMap((l) => [Buffer.from([l.length]), Buffer.from(l, 'latin1')]),
    Buffer.from([0]),
  ]);
}

function packAddress(text) {
  if (net.isIPv4(text)) {
    return Buffer.from(text.split('.').map(Number));
  }
  const [head, tail = ''] = text.split('::');
  const words = (s) => s.split(':').filter((w) => w)
    .flatMap((w) => (w.includes('.')
      ? [...packAddress(w)] : [parseInt(w, 16) >> 8, parseInt(w, 16) & 255]));
  const a = words(head);
  const b = words(tail);
  return Buffer.from([...a, ...new Array(16 - a.length - b.length).fill(0), ...b]);
}

export class Dns {
  constructor() {
    this.names = new Map();
    this.asked = []; // "name TYPE", in the order they came
    this.socket = dgram.createSocket('udp4');
  }

  static async start() {
    const dns = new Dns();
    dns.socket.on('message', (query, from) => {
      const reply = dns.answer(query);
      if (reply) {
        dns.socket.send(reply, from.port, from.address);
      }
    });
    await new Promise((resolve, reject) => {
      dns.socket.once('error', reject);
      dns.socket.bind(0, '127.0.0.1', resolve);
    });
    dns.port = dns.socket.address().port;
    // In libunbound's spelling.
    dns.address = `127.0.0.1@${dns.port}`;
    return dns;
  }

  set(name, what) {
    this.names.set(name.toLowerCase(), { what, count: 0 });
  }

  times(name, type) {
    return this.asked.filter((q) => q === `${name} ${type}`).length;
  }

  answer(query) {
    if (query.length < 17) {
      return null;
    }
    const labels = [];
    let at = 12;
    while (at < query.length && query[at] !== 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
      at += query[at] + 1;
    }
    const question = query.subarray(12, at + 5);
    const name = labels.join('.').toLowerCase();
    const type = TYPES[query.readUInt16BE(at + 1)] ?? 'OTHER';
    this.asked.push(`${name} ${type}`);
    const entry = this.names.get(name);
    let what = entry?.what ?? 'nxdomain';
    let ttl = 60;
    if (typeof what === 'function') {
      entry.count += 1;
      what = what(type, entry.count);
    }
    if (what === 'silent') {
      return null;
    }
    if (what === 'garbage') {
      return Buffer.concat([query.subarray(0, 2), Buffer.from('garbage')]);
    }
    ttl = what.ttl ?? ttl;
    const records = typeof what === 'string' ? [] : this.#records(what, type, ttl);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    const code = { nxdomain: 3, servfail: 2 }[what] ?? 0;
    head.writeUInt16BE(0x8580 | code, 2); // answer, authoritative, recursion
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    return Buffer.concat([head, question, ...records]);
  }

  #records(what, type, ttl) {
    const record = (number, data) => {
      const fixed = Buffer.alloc(12);
      fixed.writeUInt16BE(0xc00c, 0); // the question's name
      fixed.writeUInt16BE(number, 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt32BE(ttl, 6);
      fixed.writeUInt16BE(data.length, 10);
      return Buffer.concat([fixed, data]);
    };
    if (what.CNAME) {
      return [record(5, packName(what.CNAME))];
    }
    const number = { A: 1, AAAA: 28 }[type];
    return (number ? what[type] ?? [] : [])
      .map((a) => record(number, packAddress(a)));
  }

  async stop() {
    this.socket.close();
  }
}
