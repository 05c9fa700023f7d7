import { useCallback, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import 'graphiql/style.css';
import './main.css';
import { read, send } from './api.js';
import { Session } from './session.jsx';
import { storage } from './storage.js';

// Short lines: the pane shows little more than 45 columns on a small screen
const DEFAULT_QUERY = `# To log in, use the button at the top right.
# Or run this:
#
#   mutation {
#     login(input: {
#       username: "admin", password: "…"
#     }) { accessToken expiresAt user { id } }
#   }
#
# and put the token into the "Headers" tab below:
#
#   {"Authorization": "Bearer …"}
#
# Ctrl-Space completes, Ctrl-Enter runs. The book
# at the left documents every type and field.

query Hello {
  __typename
}
`;

function App() {
  // In memory only: whoever reloads the page logs in again, and nothing is left on the machine.
  const [session, setSession] = useState(null);
  // A new fetcher makes GraphiQL load the schema again, which may differ from viewer to viewer.
  const fetcher = useMemo(
    () => async (params, { headers } = {}) => read(await send(params, headers, session?.token)),
    [session?.token],
  );
  const end = useCallback(() => setSession(null), []);
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      defaultQuery={DEFAULT_QUERY}
      defaultEditorToolsVisibility="headers"
      inputValueDeprecation
      schemaDescription
      isHeadersEditorEnabled
      shouldPersistHeaders={false}
    >
      <GraphiQL.Logo>
        <Session session={session} onBegin={setSession} onEnd={end} />
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

createRoot(document.getElementById('graphiql')).render(<App />);
