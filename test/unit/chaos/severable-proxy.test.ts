/** Severable proxy: what passes it, and what a cut breaks (SP1). */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SeverableProxy } from "../../chaos/severable-proxy.ts";

const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Starts a server that gives back what it gets, with a proxy before it. */
async function start(): Promise<{ proxy: SeverableProxy; far: Socket[] }> {
  const far: Socket[] = [];
  const server = createServer((socket) => {
    far.push(socket);
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await SeverableProxy.start(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  closing.push(
    () => proxy.stop(),
    async () => server.close(),
  );
  return { proxy, far };
}

async function open({ address }: SeverableProxy): Promise<Socket> {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  socket.on("error", () => {});
  socket.write("here");
  expect(String((await once(socket, "data"))[0])).toBe("here");
  return socket;
}

test("what one side writes comes to the other, and back", async () => {
  const { proxy } = await start();
  await open(proxy);
  expect(proxy.connections).toBe(1);
});

test("a cut breaks every connection on both sides, and new ones can be made", async () => {
  const { proxy, far } = await start();
  const sockets = [await open(proxy), await open(proxy)];
  const closed = [...sockets, ...far].map(
    (socket) => new Promise((resolve) => socket.once("close", resolve)),
  );
  expect(proxy.sever()).toBe(2);
  await Promise.all(closed);
  expect(proxy.connections).toBe(0);
  await open(proxy);
});

test("after it has stopped, its port takes no connection", async () => {
  const { proxy } = await start();
  await proxy.stop();
  const socket = connect(Number(proxy.address.split(":")[1]), "127.0.0.1");
  expect((await once(socket, "error"))[0]).toMatchObject({ code: "ECONNREFUSED" });
});
