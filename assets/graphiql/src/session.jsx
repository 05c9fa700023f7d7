import { useEffect, useRef, useState } from 'react';
import { useSchemaStore } from '@graphiql/react';
import { getNamedType, isLeafType, isRequiredArgument } from 'graphql';
import { read, send } from './api.js';

const LOGIN = `mutation Login($username: String!, $password: String!) {
  login(input: {username: $username, password: $password}) { accessToken expiresAt user { id } }
}`;

async function login(username, password) {
  const response = await send({ query: LOGIN, variables: { username, password } });
  const { data, errors } = await read(response);
  if (errors?.length) throw new Error(errors.map(error => error.message).join('\n'));
  if (!data?.login) throw new Error('The server answered without a session.');
  const { accessToken, expiresAt, user } = data.login;
  // The clock of this machine may be wrong by more than a session is long: count from the server's.
  const now = Date.parse(response.headers.get('date')) || Date.now();
  const expires = new Date(Date.now() + Date.parse(expiresAt) - now);
  return { token: accessToken, expires, id: user?.id, username };
}

// Ends the session on the server too, where the schema offers that without asking for input.
async function logout(token, schema) {
  const field = schema?.getMutationType()?.getFields().logout;
  if (!field || field.args.some(isRequiredArgument)) return;
  const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }';
  await send({ query: `mutation Logout { logout${selection} }` }, {}, token).catch(() => {});
}

// Who is signed in, and the way in and out.
export function Session({ session, onBegin, onEnd }) {
  const schema = useSchemaStore().schema;
  const dialog = useRef(null);
  const [notice, setNotice] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const left = session ? session.expires - Date.now() : NaN;
    if (Number.isNaN(left)) return;
    const timer = setTimeout(() => {
      onEnd();
      setNotice('The session ran out.');
    }, Math.min(left, 0x7fffffff));
    return () => clearTimeout(timer);
  }, [session, onEnd]);

  if (session) {
    const leave = () => {
      onEnd();
      logout(session.token, schema);
    };
    return (
      <span className="orgraph-session" title={`${session.id ?? ''} until ${session.expires.toLocaleString()}`}>
        <span className="orgraph-who">
          <span className="orgraph-aside">Signed in as</span> <b>{session.username}</b>
        </span>
        <button type="button" className="orgraph-button" onClick={leave}>Sign out</button>
      </span>
    );
  }

  const submit = async event => {
    event.preventDefault();
    const form = event.currentTarget;
    const { username, password } = Object.fromEntries(new FormData(form));
    setBusy(true);
    setError('');
    try {
      const begun = await login(username, password);
      form.reset();
      setNotice('');
      dialog.current?.close();
      onBegin(begun);
    } catch (reason) {
      setError(reason.message);
      form.elements.password.select();
    } finally {
      setBusy(false);
    }
  };

  return (
    <span className="orgraph-session">
      <span className="orgraph-aside" role="status">{notice || 'Not signed in'}</span>
      <button type="button" className="orgraph-button" onClick={() => dialog.current.showModal()}>Log in</button>
      <dialog ref={dialog} className="orgraph-dialog" aria-labelledby="orgraph-login" onClose={() => setError('')}>
        <form onSubmit={submit}>
          <h2 id="orgraph-login">Log in to Orgraph</h2>
          <label>
            User name
            <input name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus />
          </label>
          <label>
            Password
            <input name="password" type="password" autoComplete="current-password" required />
          </label>
          <p className="orgraph-error" role="alert">{error}</p>
          <p className="orgraph-hint">The access token stays in this page's memory. Reloading the page forgets it.</p>
          <div className="orgraph-actions">
            <button type="button" className="orgraph-button" onClick={() => dialog.current.close()}>Cancel</button>
            <button type="submit" className="orgraph-button orgraph-primary" disabled={busy}>
              {busy ? 'Logging in…' : 'Log in'}
            </button>
          </div>
        </form>
      </dialog>
    </span>
  );
}
