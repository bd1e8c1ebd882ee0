// A scripted origin: accepts TCP, reads requests strictly, answers what the
// scene says, and keeps every byte.

import net from 'node:net';
import { Cut, Late, Wire } from './wire.mjs';
import { readRequest } from './message.mjs';

// An answer of known length; fields: "Name: value" lines.
export function answer(body = 'ok', { status = '200 OK', fields = [] } = {}) {
  const content = Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1');
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${content.length}\r\n` +
      fields.map((f) => `${f}\r\n`).join('') + '\r\n', 'latin1'),
    content,
  ]);
}

// The usual origin: 200 and the content, then the next request.
export async function ordinary(conn) {
  for (;;) {
    const request = await conn.request();
    if (!request) {
      return;
    }
    await conn.send(request.method === 'HEAD'
      ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : answer());
  }
}

export class Origin {
  constructor(serve, { strict = true, absolute = false } = {}) {
    this.serve = serve;
    this.strict = strict; // whether a malformed request fails the scene
    this.absolute = absolute; // a parent proxy gets absolute-form
    this.wires = [];
    this.requests = []; // complete ones, in the order they came
    this.faults = []; // what was malformed
    this.errors = []; // of the script
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true },
      (socket) => this.#accept(socket));
  }

  // serve(conn) runs once for each connection.
  static async start(serve = ordinary, options = {}) {
    const origin = new Origin(serve, options);
    await new Promise((resolve, reject) => {
      origin.server.once('error', reject);
      origin.server.listen(options.port ?? 0, options.host ?? '127.0.0.1',
        options.backlog ?? 511, resolve);
    });
    origin.host = options.host ?? '127.0.0.1';
    origin.port = origin.server.address().port;
    origin.authority = net.isIPv6(origin.host)
      ? `[${origin.host}]:${origin.port}` : `${origin.host}:${origin.port}`;
    origin.url = `http://${origin.authority}`;
    return origin;
  }

  get connections() {
    return this.wires.length;
  }

  // Connections that the proxy has not ended.
  get open() {
    return this.wires.filter((w) => !w.end && !w.gone).length;
  }

  #accept(socket) {
    const conn = new Wire(socket, `origin connection ${this.wires.length + 1}`);
    this.wires.push(conn);
    conn.number = this.wires.length;
    conn.request = async () => {
      try {
        const request = await readRequest(conn, { absolute: this.absolute });
        if (request) {
          request.connection = conn.number;
          this.requests.push(request);
        }
        return request;
      } catch (err) {
        if (err.name === 'Malformed') {
          this.faults.push(err.message);
          conn.close();
          return null;
        }
        if (err instanceof Cut) {
          conn.cutInside = true;
          return null;
        }
        throw err;
      }
    };
    Promise.resolve(this.serve(conn, this)).then(() => {
      // A script that returned has nothing more to say.
      if (!conn.keep) {
        socket.end();
      }
    }, (err) => {
      // A read that waited in vain is the client's to complain about.
      if (!(err instanceof Cut) && !(err instanceof Late)) {
        this.errors.push(err);
      }
      socket.destroy();
    });
  }

  async stop() {
    this.server.close();
    for (const wire of this.wires) {
      wire.close();
    }
  }

  dump() {
    const head = `origin ${this.authority}: ${this.connections} connections, ` +
      `${this.requests.length} whole requests` +
      this.faults.map((f) => `\n  malformed: ${f}`).join('');
    return [head, ...this.wires.slice(0, 6).map((w) => w.dump())].join('\n');
  }
}
