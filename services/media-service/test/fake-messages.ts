// messages-api as the upload's files see it: which of them messages use.
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";

export interface FakeMessages {
  readonly bus: Bus;
  readonly used: Set<string>;
  /** Runs before each answer. */
  asked: (fileIds: readonly string[]) => Promise<void>;
  leave(): void;
  close(): Promise<void>;
}

/** Answers `filesInUse` from `used`, until it leaves. */
export function fakeMessages(): FakeMessages {
  const bus = createLocalBus({ onError: () => {} }).connect();
  const used = new Set<string>();
  const fake: FakeMessages = {
    bus,
    used,
    asked: async () => {},
    leave: () => subscription.unsubscribe(),
    close: () => bus.close(),
  };
  const subscription = serveRpc(bus, messagesRpc.filesInUse, async ({ fileIds }) => {
    await fake.asked(fileIds);
    return { fileIds: fileIds.filter((id) => used.has(id)) };
  });
  return fake;
}
