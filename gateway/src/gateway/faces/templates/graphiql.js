const byId = (id) => document.getElementById(id);
const ask = async (event) => {
  event?.preventDefault();
  const answer = byId("answer");
  try {
    const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
    if (byId("token").value) headers.Authorization = "Bearer " + byId("token").value;
    const variables = JSON.parse(byId("variables").value || "{}");
    const body = JSON.stringify({ query: byId("query").value, variables });
    const response = await fetch("/graphql", { method: "POST", headers, body });
    answer.textContent = JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    answer.textContent = String(error);
  }
};
byId("ask").addEventListener("submit", ask);
document.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(); });
