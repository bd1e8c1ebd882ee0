// Goal: what a client sends and what an origin receives are the same messages.
// Mutants of valid requests are read by a strict parser of this file's own, on
// both sides of the proxy: a request that arrives is well-formed, stood in what
// was sent, as a request, in that order, with that content. And mutants of
// valid answers: the client gets one well-formed answer or none, and what comes
// behind it never answers another request.
//
// PARED_MUTANTS: how many of each (600). PARED_SEED: the sequence.

import net from 'node:net';
import { get } from '../support/client.mjs';
import { assert, flow, sharedProxy } from '../support/flow.mjs';
import { Malformed } from '../support/message.mjs';
import { Cut, Late, show } from '../support/wire.mjs';

const COUNT = Number(process.env.PARED_MUTANTS ?? 600);
const SEED = Number(process.env.PARED_SEED ?? 20261121);
const LANES = 4;
const shared = sharedProxy({
  HeaderTimeout: 2, ConnTimeout: 3, IdleTimeout: 2, ResponseTimeout: 3,
});

function random(seed) {
  let x = seed | 0 || 1;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

// ---- the reference parser ---------------------------------------------------

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const BAD = Symbol('malformed');
const PART = Symbol('incomplete');

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  // A line without its CRLF; bare CR, LF and NUL are malformed.
  line() {
    const lf = this.text.indexOf('\n', this.at);
    const seen = this.text.slice(this.at, lf < 0 ? undefined : lf + 1);
    if (/\r(?!\n|$)|\0/.test(seen) || (lf >= 0 && !seen.endsWith('\r\n'))) {
      throw BAD;
    }
    if (lf < 0) {
      throw PART;
    }
    this.at = lf + 1;
    return seen.slice(0, -2);
  }

  take(n) {
    if (this.text.length - this.at < n) {
      throw PART;
    }
    this.at += n;
    return this.text.slice(this.at - n, this.at);
  }

  fields() {
    const all = [];
    for (let line = this.line(); line !== ''; line = this.line()) {
      const m = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line);
      if (!m || !TOKEN.test(m[1]) || /[\x00-\x08\x0a-\x1f\x7f]/.test(m[2])) {
        throw BAD;
      }
      all.push([m[1].toLowerCase(), m[2]]);
    }
    return all;
  }

  chunks() {
    const extension = /^(?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/;
    for (let body = ''; ; ) {
      const m = /^([0-9A-Fa-f]+)(.*)$/s.exec(this.line());
      if (!m || !extension.test(m[2])) {
        throw BAD;
      }
      const size = BigInt(`0x${m[1]}`);
      if (size === 0n) {
        this.fields();
        return body;
      }
      body += this.take(Number(size));
      if (this.take(2) !== '\r\n') {
        throw BAD;
      }
    }
  }
}

// Content by the fields, or malformed.
function contentOf(reader, fields, minor) {
  const named = (name) => fields.filter(([n]) => n === name).map(([, v]) => v);
  const lengths = named('content-length');
  const codings = named('transfer-encoding');
  if (lengths.length > 1 || codings.length > 1 || (lengths.length && codings.length)) {
    throw BAD;
  }
  if (codings.length) {
    if (codings[0].toLowerCase() !== 'chunked' || minor === 0) {
      throw BAD;
    }
    return reader.chunks();
  }
  if (lengths.length) {
    if (!/^[0-9]{1,19}$/.test(lengths[0])) {
      throw BAD;
    }
    return reader.take(Number(lengths[0]));
  }
  return '';
}

function readOne(reader) {
  const m = /^([^ ]+) ([\x21-\x7e]+) HTTP\/1\.([0-9])$/.exec(reader.line());
  if (!m || !TOKEN.test(m[1])) {
    throw BAD;
  }
  const minor = m[3] === '0' ? 0 : 1;
  const fields = reader.fields();
  const hosts = fields.filter(([n]) => n === 'host').map(([, v]) => v);
  if (hosts.length > 1 || (minor === 1 && hosts.length === 0)) {
    throw BAD;
  }
  const content = contentOf(reader, fields, minor);
  const options = fields.filter(([n]) => n === 'connection')
    .flatMap(([, v]) => v.split(',')).map((v) => v.trim().toLowerCase());
  return {
    method: m[1], target: m[2], host: hosts[0], content, fields, minor,
    last: minor === 0 || options.includes('close') || m[1] === 'CONNECT',
  };
}

// The requests that stand in text, up to what ends or spoils it.
function readAll(text) {
  const reader = new Reader(text);
  const found = [];
  let end = null;
  let start = 0;
  try {
    for (; reader.at < text.length; start = reader.at) {
      if (text.startsWith('\r\n', reader.at)) {
        reader.at += 2;
        continue;
      }
      found.push(readOne(reader));
      if (found.at(-1).last) {
        return { found, end, rest: '' };
      }
    }
  } catch (err) {
    if (err !== BAD && err !== PART) {
      throw err;
    }
    end = err;
  }
  return { found, end, rest: text.slice(start) };
}

// What an origin should see of a request sent in absolute-form.
function atOrigin(request) {
  const m = /^http:\/\/([^/?#]*)([/?][^#]*)?$/i.exec(request.target);
  if (!m) {
    return null;
  }
  const path = m[2] ?? '/';
  return {
    method: request.method, host: m[1], content: request.content,
    target: request.method === 'OPTIONS' && !m[2] ? '*' : path.replace(/^\?/, '/?'),
  };
}

// ---- the origin -------------------------------------------------------------

// Reads everything with the same parser, answers each whole request.
class RawOrigin {
  static async start() {
    const origin = new RawOrigin();
    origin.seen = [];
    origin.faults = [];
    origin.sockets = new Set();
    origin.server = net.createServer((socket) => origin.#serve(socket));
    await new Promise((r) => { origin.server.listen(0, '127.0.0.1', r); });
    origin.authority = `127.0.0.1:${origin.server.address().port}`;
    return origin;
  }

  #serve(socket) {
    let text = '';
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const all = readAll(text);
      for (const r of all.found) {
        this.#judge(r);
        this.seen.push(r);
        socket.write(this.answer ? this.answer(r)
          : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
      if (all.end === BAD) {
        this.faults.push(`malformed:\n${show(Buffer.from(text, 'latin1'))}`);
      }
      text = all.rest;
    });
  }

  // What only a proxy that writes afresh keeps to.
  #judge(r) {
    const names = r.fields.map(([n]) => n);
    const via = r.fields.find(([n]) => n === 'via');
    const hop = names.find((n) => ['proxy-connection', 'keep-alive', 'te',
      'proxy-authorization', 'http2-settings'].includes(n));
    if (r.minor !== 1 || !/^(?:\/|\*$)/.test(r.target) || !via || hop) {
      this.faults.push(`a request that we should not have written: ${r.method} ${r.target}, ${names}`);
    }
  }

  stop() {
    this.server.close();
    this.sockets.forEach((s) => s.destroy());
  }
}

// ---- mutation ---------------------------------------------------------------

const PIECES = [
  '\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\n\r', '\0', ' ', '\t', '\v', '\f', ':', ',', ';', '"', '\\', '=',
  '\x7f', '\x80', '\x85', '\xa0', '\xff', '0', '1', '5', 'f', 'F', '-', '+', '0x', '.', '/', '@', '#', '?', '%',
  '[', ']', '{', '(', '\u0001', 'ffffffffffffffff', '00000000000000000', '7fffffffffffffff', '8000000000000000',
  '9223372036854775807', '18446744073709551616', '18446744073709551620', 'chunked', 'identity', ', ', ' ,', ';a=b',
  ';a="\r\n"', '0\r\n\r\n', '1\r\nx\r\n', 'HTTP/1.0', 'HTTP/1.1', 'HTTP/1.9', 'HTTP/2.0', ' HTTP/1.1\r\n', 'GET ', 'HEAD ',
];
const LINES = [
  'Content-Length: 0', 'Content-Length: 3', 'Content-Length: 9999', 'Content-Length: +5', 'Content-Length: 5, 5',
  'Content-Length: 0x5', 'Content-Length:', 'Content-Length : 5', 'Content-Length\t: 5', 'Content_Length: 3',
  'Transfer-Encoding: chunked', 'Transfer-Encoding: Chunked', 'Transfer-Encoding: x', 'Transfer-Encoding: x, chunked',
  'Transfer-Encoding: chunked, chunked', 'Transfer-Encoding : chunked', 'Transfer-Encoding:\tchunked',
  'Transfer-Encoding:', 'Transfer-Encoding: chunked;a=b', 'Transfer-Encoding: "chunked"', 'Transfer_Encoding: chunked',
  'Transfer-Encoding:\x0bchunked', ' Transfer-Encoding: chunked', '\tX: y', 'X', ': x', 'X Y: z', 'X: y', 'X:',
  'Host: evil.test', 'Host:', 'Host: a b', 'Host: a@b', 'Connection: close', 'Connection: keep-alive',
  'Connection: Content-Length', 'Connection: Transfer-Encoding', 'Connection: Host', 'Connection: x-a, close',
  'Connection: upgrade', 'Upgrade: h2c', 'Upgrade: websocket', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'TE: trailers',
  'Trailer: Content-Length', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'Expect: 100-continue',
  'Expect: 200-ok', 'Max-Forwards: 0', 'Range: bytes=0-1', 'Cookie: a=b', 'X-Forwarded-For: 10.0.0.1', 'Via: 1.1 x',
];

function hidden(authority) {
  return `GET http://${authority}/hidden HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
}

function bases(authority) {
  const u = `http://${authority}`;
  const inner = hidden(authority);
  const size = inner.length.toString(16);
  const host = `Host: ${authority}`;
  return [
    `GET ${u}/a HTTP/1.1\r\n${host}\r\nAccept: */*\r\nX-A: b\r\n\r\n`,
    `POST ${u}/b HTTP/1.1\r\n${host}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    `POST ${u}/c HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${inner}\r\n0\r\n\r\n`,
    `PUT ${u}/d HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a=b\r\nhello\r\n5 ; c="d\\"e"\r\nworld\r\n0\r\nX: y\r\n\r\n`,
    `POST ${u}/e HTTP/1.1\r\n${host}\r\nConnection: close, X-A\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello`,
    `HEAD ${u}/f?x=y HTTP/1.1\r\n${host}\r\nTE: trailers\r\nConnection: TE\r\n\r\n`,
    `OPTIONS ${u} HTTP/1.1\r\n${host}\r\nMax-Forwards: 3\r\n\r\n`,
    `DELETE ${u}/g HTTP/1.0\r\n${host}\r\nContent-Length: 4\r\n\r\nabcd`,
    `GET ${u}/h HTTP/1.1\r\n${host}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    `POST ${u}/i HTTP/1.1\r\n${host}\r\nContent-Length: 0\r\n\r\n`,
    `PATCH ${u}/j HTTP/1.1\r\n${host}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`,
  ];
}

const pick = (list, rnd) => list[rnd(list.length)];

function mutateLine(text, rnd) {
  const lines = text.split('\r\n');
  const at = rnd(lines.length);
  switch (rnd(5)) {
    case 0: lines.splice(at, 1); break;
    case 1: lines.splice(at, 0, lines[rnd(lines.length)]); break;
    case 2: lines[at] = lines[at].replace(/[A-Za-z]/g, (c) => (rnd(2) ? c.toUpperCase() : c.toLowerCase())); break;
    default: lines.splice(1 + rnd(lines.length), 0, pick(LINES, rnd));
  }
  return lines.join('\r\n');
}

function mutate(plain, rnd) {
  let out = plain;
  for (let n = 1 + rnd(3); n > 0; n -= 1) {
    const at = rnd(out.length + 1);
    const end = Math.min(out.length, at + 1 + rnd(rnd(4) ? 3 : 40));
    switch (rnd(9)) {
      case 0: out = out.slice(0, at) + out.slice(end); break;
      case 1: out = out.slice(0, at) + String.fromCharCode(rnd(256)) + out.slice(at + 1); break;
      case 2: out = out.slice(0, at) + out.slice(at, end) + out.slice(at); break;
      case 3:
      case 4:
      case 5: out = mutateLine(out, rnd); break;
      default: out = out.slice(0, at) + pick(PIECES, rnd) + out.slice(rnd(3) ? at : end);
    }
  }
  return out;
}

// Runs body(i, rnd, lane) for i < COUNT in some lanes; the first failure ends all.
async function lanes(body) {
  let next = 0;
  let failed = null;
  await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    while (next < COUNT && !failed) {
      const i = next;
      next += 1;
      try {
        // Of its own number: a mutant is made again without those before it.
        const rnd = random(Math.imul(SEED + i, 2654435761));
        rnd(2);
        await body(i, rnd, lane);
      } catch (err) {
        failed ??= err;
      }
    }
  }));
  if (failed) {
    throw failed;
  }
}

const same = (a, b) => a.method === b.method && a.target === b.target && a.content === b.content && a.host === b.host;

// Whether seen stands in meant, in order: what is missing was refused.
function isPart(seen, meant) {
  let at = 0;
  return seen.every((r) => {
    while (at < meant.length && !same(r, meant[at])) {
      at += 1;
    }
    at += 1;
    return at <= meant.length;
  });
}

// ---- the tests --------------------------------------------------------------

flow(shared, `${COUNT} mutants of requests, seed ${SEED}`, async (s) => {
  const counts = { served: 0, refused: 0, closed: 0 };
  const origins = await Promise.all(Array.from({ length: LANES }, () => RawOrigin.start()));
  try {
    await lanes(async (i, rnd, lane) => {
      const origin = origins[lane];
      const all = bases(origin.authority);
      let text = mutate(all[i % all.length], rnd);
      if (rnd(3) === 0) {
        text += rnd(2) ? pick(all, rnd) : mutate(pick(all, rnd), rnd);
      }
      const where = () => `mutant ${i}:\n${show(Buffer.from(text, 'latin1'))}\n`;
      const meant = readAll(text).found.map(atOrigin).filter((r) => r);
      const client = await shared.it.client();
      let answers = 0;
      try {
        const cut = rnd(2) ? rnd(text.length) : text.length;
        await client.send(text.slice(0, cut), ...(cut < text.length ? [0, text.slice(cut)] : []));
        client.half();
        // HEAD has no content: its answer is told by its order alone, so
        // only what is no HEAD is read strictly.
        if (/HEAD|CONNECT/.test(text)) {
          await client.ended(20000);
          counts.closed += 1;
        } else {
          for (let r = await client.response(); r; r = await client.response()) {
            answers += 1;
            counts[r.status < 400 ? 'served' : 'refused'] += 1;
          }
          assert.ok(answers <= readAll(text).found.length + 1, `${answers} answers to ${where()}`);
        }
      } catch (err) {
        if (err instanceof Late) {
          throw new Error(`held: ${where()}${client.dump()}`);
        }
        if (err instanceof Malformed) {
          throw new Error(`${err.message}, answered to ${where()}${client.dump()}`);
        }
        if (!(err instanceof Cut)) {
          throw err;
        }
        counts.closed += 1;
      } finally {
        client.close();
      }
      const seen = origin.seen.splice(0);
      assert.deepEqual(origin.faults, [], `forwarded of ${where()}`);
      assert.ok(isPart(seen, meant), `${where()}the origin saw:\n${
        seen.map((r) => `${r.method} ${r.target} ${r.host} ${JSON.stringify(r.content)}`).join('\n')}`);
    });
  } finally {
    origins.forEach((o) => o.stop());
  }
  assert.ok(counts.served > COUNT / 10 && counts.refused > COUNT / 10, JSON.stringify(counts));
  assert.equal((await (await s.client()).ask(`${(await s.origin()).url}/after`)).status, 200);
});

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Evil: 1\r\n\r\nevil';
const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello',
  `HTTP/1.1 200 OK\r\nContent-Length: ${EVIL.length}\r\nETag: "a"\r\n\r\n${EVIL}`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${EVIL.length.toString(16)}\r\n${EVIL}\r\n0\r\n\r\n`,
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  `HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
  `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok`,
  'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n' +
    '\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00',
];

flow(shared, `${COUNT} mutants of answers, seed ${SEED}`, async (s) => {
  const counts = { whole: 0, cut: 0, refused: 0 };
  const origins = await Promise.all(Array.from({ length: LANES }, () => RawOrigin.start()));
  const wanted = new Map();
  origins.forEach((o) => {
    o.answer = (r) => Buffer.from(wanted.get(r.target) ??
      `HTTP/1.1 200 OK\r\nContent-Length: ${r.target.length}\r\n\r\n${r.target}`, 'latin1');
  });
  try {
    await lanes(async (i, rnd, lane) => {
      const origin = origins[lane];
      const url = `http://${origin.authority}`;
      const text = mutate(ANSWERS[i % ANSWERS.length], rnd) + (rnd(4) ? '' : EVIL);
      const where = () => `mutant ${i}:\n${show(Buffer.from(text, 'latin1'))}\n`;
      wanted.set(`/m${i}`, text);
      let client = await shared.it.client();
      try {
        // One that waits for more than comes is cut by our leaving.
        await client.send(get(`${url}/m${i}`));
        const asked = client.response();
        const late = setTimeout(() => origin.sockets.forEach((x) => x.destroy()), 60);
        const r = await asked.finally(() => clearTimeout(late));
        counts[!r || !r.complete ? 'cut' : r.status < 500 ? 'whole' : 'refused'] += 1;
        if (!r || !r.complete || r.framing === 'tunnel') {
          client.close();
          client = await shared.it.client();
        }
        // On the same connection, and likely on the same one to the origin.
        for (const path of [`/next${i}`, `/then${i}`]) {
          await client.send(get(`${url}${path}`));
          const next = await client.response();
          if (!next) {
            client.close();
            client = await shared.it.client();
            continue;
          }
          assert.equal(`${next.status} ${next.text}`, `200 ${path}`, `behind ${where()}`);
        }
      } catch (err) {
        if (err instanceof Late) {
          throw new Error(`held: ${where()}${client.dump()}`);
        }
        // The client reads lengths of 15 digits; one of 16 that never comes is
        // right all the same.
        const long = err instanceof Malformed && /Length is no number: "\d+"$/.test(err.message);
        if (err instanceof Malformed && !long) {
          throw new Error(`${err.message}, made of ${where()}${client.dump()}`);
        }
        if (!long && !(err instanceof Cut)) {
          throw err;
        }
        counts.cut += 1;
      } finally {
        client.close();
        wanted.delete(`/m${i}`);
      }
      assert.deepEqual(origin.faults, []);
      origin.seen.length = 0;
    });
  } finally {
    origins.forEach((o) => o.stop());
  }
  assert.ok(counts.whole > COUNT / 10 && counts.refused > COUNT / 20, JSON.stringify(counts));
  assert.equal((await (await s.client()).ask(`${(await s.origin()).url}/after`)).status, 200);
});
