// Cases in on standard input, verdicts out on standard output.

export async function readCases() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

export function writeVerdicts(verdicts) {
  process.stdout.write(JSON.stringify(verdicts));
}
