// Posts to the address of the page itself; a token of the Headers tab wins over that of the login.
export function send(params, headers, token) {
  const all = new Headers(headers);
  all.set('content-type', 'application/json');
  all.set('accept', 'application/graphql-response+json, application/json');
  if (token && !all.has('authorization')) all.set('authorization', `Bearer ${token}`);
  return fetch(location.pathname, {
    method: 'POST',
    headers: all,
    body: JSON.stringify(params),
    // The token is the only credential, so that what is shown here is what an API client gets.
    credentials: 'omit',
  });
}

export async function read(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // Something between here and the server answered; thrown, GraphiQL would show it with a stack trace.
    return { errors: [{ message: `HTTP ${response.status} ${response.statusText}: ${text || 'no body'}` }] };
  }
}
