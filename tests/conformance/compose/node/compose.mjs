// Composes subgraphs with both libraries. Standard input: {name: {sdl, url}}; standard output:
// {supergraph, libraries: {package: {errors, api}}}, where api is the public schema it makes of them.
import { readFileSync } from "node:fs";
import { composeServices as apollo } from "@apollo/composition";
import { composeServices as guild, transformSupergraphToPublicSchema } from "@theguild/federation-composition";
import { buildASTSchema, parse, printSchema } from "graphql";

const services = Object.entries(JSON.parse(readFileSync(0, "utf8"))).map(([name, { sdl, url }]) => ({
  name, url, typeDefs: parse(sdl),
}));
const messages = (result) => (result.errors ?? []).map((error) => error.message);
const ours = guild(services);
const theirs = apollo(services);
process.stdout.write(JSON.stringify({
  supergraph: ours.supergraphSdl ?? null,
  libraries: {
    "@theguild/federation-composition": {
      errors: messages(ours),
      api: ours.supergraphSdl && printSchema(buildASTSchema(transformSupergraphToPublicSchema(parse(ours.supergraphSdl)))),
    },
    "@apollo/composition": {
      errors: messages(theirs),
      api: theirs.schema && printSchema(theirs.schema.toAPISchema().toGraphQLJSSchema()),
    },
  },
}));
