/**
 * All planted bugs.
 */
import { acknowledgedEarly } from "./acknowledged-early.ts";
import { acknowledgedUnconfirmed } from "./acknowledged-unconfirmed.ts";
import { busyRefused } from "./busy-refused.ts";
import { commitUnguarded } from "./commit-unguarded.ts";
import { copiedGoesOn } from "./copied-goes-on.ts";
import { deadLettersLost } from "./dead-letters-lost.ts";
import { documentTooBig } from "./document-too-big.ts";
import { duplicatesLetIn } from "./duplicates-let-in.ts";
import { earlierPlanCommits } from "./earlier-plan-commits.ts";
import { finishedUndeployed } from "./finished-undeployed.ts";
import { holdDropped } from "./hold-dropped.ts";
import { inFlightUnseen } from "./in-flight-unseen.ts";
import { lateByTheMesh } from "./late-by-the-mesh.ts";
import { movedHoldLost } from "./moved-hold-lost.ts";
import { movedIdsLost } from "./moved-ids-lost.ts";
import { outboxOverwritten } from "./outbox-overwritten.ts";
import { outputAhead } from "./output-ahead.ts";
import { partsLeft } from "./parts-left.ts";
import { pauseIgnored } from "./pause-ignored.ts";
import type { PlantedBug } from "./planted-bug.ts";
import { publishFirst } from "./publish-first.ts";
import { receivedForgotten } from "./received-forgotten.ts";
import { registerLate } from "./register-late.ts";
import { registersUnseen } from "./registers-unseen.ts";
import { resendDiffers } from "./resend-differs.ts";
import { sentUncounted } from "./sent-uncounted.ts";
import { stateLost } from "./state-lost.ts";
import { tickNever } from "./tick-never.ts";
import { unboundedFirings } from "./unbounded-firings.ts";
import { valuesChanged } from "./values-changed.ts";
import { watermarkBack } from "./watermark-back.ts";
import { watermarkStuck } from "./watermark-stuck.ts";

/** All planted bugs. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  acknowledgedEarly,
  acknowledgedUnconfirmed,
  busyRefused,
  commitUnguarded,
  copiedGoesOn,
  deadLettersLost,
  documentTooBig,
  duplicatesLetIn,
  earlierPlanCommits,
  finishedUndeployed,
  holdDropped,
  inFlightUnseen,
  lateByTheMesh,
  movedHoldLost,
  movedIdsLost,
  outboxOverwritten,
  outputAhead,
  partsLeft,
  pauseIgnored,
  publishFirst,
  receivedForgotten,
  registerLate,
  registersUnseen,
  resendDiffers,
  sentUncounted,
  stateLost,
  tickNever,
  unboundedFirings,
  valuesChanged,
  watermarkBack,
  watermarkStuck,
];
