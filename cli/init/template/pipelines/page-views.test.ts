/**
 * Page views, tested in memory on virtual time: `npm test`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { kv } from "tidemark";
import { assertThat, runPipeline, testPipeline, testStream, timestamped } from "tidemark/testing";
import pageViews, { countByMinute, type PageView } from "./page-views.ts";

const noon = Date.parse("2026-01-01T12:00:00Z");
const minute = { start: noon, end: noon + 60_000 };

test("views are counted by page and minute", async () => {
  const { documents } = await runPipeline(pageViews, {
    input: {
      "page-views": [
        { page: "/", at: "2026-01-01T12:00:05Z" },
        { page: "/", at: "2026-01-01T12:00:40Z" },
        { page: "/about", at: "2026-01-01T12:00:59Z" },
        { page: "/", at: "2026-01-01T12:01:00Z" },
      ],
    },
  });
  const rows = [...documents("page-minutes").values()];
  assert.equal(rows.length, 3);
  assert.deepEqual(documents("page-minutes").get(`%2F-${noon}`), {
    page: "/",
    minute: "2026-01-01T12:00:00.000Z",
    views: 2,
  });
});

test("a view that comes late corrects its minute; one later than an hour is dropped", async () => {
  const view = timestamped<PageView>({ page: "/", at: "2026-01-01T12:00:05Z" }, noon + 5_000);
  const views = testStream<PageView>()
    .addElements(view)
    .advanceWatermarkTo(noon + 60_000)
    .addElements(view)
    .advanceWatermarkTo(noon + 3_660_000)
    .addElements(view)
    .advanceWatermarkToInfinity();
  await testPipeline((p) => {
    const counts = countByMinute(p.read(views));
    assertThat(counts)
      .inOnTimePane(minute)
      .containsInAnyOrder([kv("/", 1)]);
    assertThat(counts)
      .inLatePane(minute)
      .containsInAnyOrder([kv("/", 2)]);
  });
});
