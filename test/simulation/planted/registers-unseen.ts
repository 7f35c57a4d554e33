/** The tracker sees no register: what an ingest instance has in its hands is not protected. */
import { breakSnapshots } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const registersUnseen: PlantedBug = {
  name: "registers hold nothing",
  caughtBy: "watermark-named",
  workload: "windowed sum",
  breaking: () =>
    breakSnapshots((snapshot) => ({
      ...snapshot,
      registers: snapshot.registers.map((register) => {
        const parsed = JSON.parse(register.text) as { sends: unknown[] };
        return { ...register, text: JSON.stringify({ ...parsed, sends: [] }) };
      }),
    })),
};
