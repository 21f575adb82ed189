// The log leaf that a record opens, rebuilt from its claims as wire.md describes it and from nothing of ours.

import { createHmac } from "node:crypto";

// RFC 8785 is defined by what ECMAScript does: JSON.stringify, with names sorted by their UTF-16 code units.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

export function leafOf(record) {
  const { accreditation, decision, log, status } = JSON.parse(Buffer.from(record.split(".")[1], "base64url").toString());
  const body = canonical({ ...decision, accreditation, status: status.status_list });
  const commitment = createHmac("sha256", Buffer.from(log.salt, "base64url")).update(body).digest("base64url");
  const { v, kind, subject, prev, recorded_at } = log;
  return Buffer.from(canonical({ v, kind, event_id: decision.event_id, subject, prev, recorded_at, commitment }));
}
