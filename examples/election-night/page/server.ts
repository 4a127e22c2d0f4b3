/** The address of the Restante server: `?server=` where somebody says so, else what the server of this page knows. */
export async function serverAddress(): Promise<string> {
  const asked = new URLSearchParams(location.search).get('server');
  if (asked !== null) return asked;
  const response = await fetch('server.json');
  const { server } = (await response.json()) as { readonly server: string };
  return server;
}
