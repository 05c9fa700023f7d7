use super::*;

/// What graphql-js, and with it GraphiQL, asks for when every option is on.
const QUERY: &str = r"
query IntrospectionQuery {
  __schema {
    description
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types { ...FullType }
    directives {
      name
      description
      isRepeatable
      locations
      args(includeDeprecated: true) { ...InputValue }
    }
  }
}
fragment FullType on __Type {
  kind
  name
  description
  specifiedByURL
  isOneOf
  fields(includeDeprecated: true) {
    name
    description
    args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef }
    isDeprecated
    deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) {
    name
    description
    isDeprecated
    deprecationReason
  }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name
  description
  type { ...TypeRef }
  defaultValue
  isDeprecated
  deprecationReason
}
fragment TypeRef on __Type {
  kind
  name
  ofType {
    kind
    name
    ofType {
      kind
      name
      ofType {
        kind
        name
        ofType {
          kind
          name
          ofType {
            kind
            name
            ofType {
              kind
              name
              ofType {
                kind
                name
                ofType {
                  kind
                  name
                  ofType { kind name }
                }
              }
            }
          }
        }
      }
    }
  }
}";

#[tokio::test]
async fn the_standard_query_passes_and_runs() {
    let checked = passes(QUERY);
    assert!(checked.introspects);
    assert_eq!((checked.cost, checked.depth), (0, 0));
    let plain = builder().finish().execute(QUERY).await;
    let gated = respond(QUERY, value!({})).await;
    assert!(plain.errors.is_empty() && gated.errors.is_empty());
    assert_eq!(gated.data, plain.data);
}

#[test]
fn it_may_go_along_with_other_fields() {
    let query = "{ __schema { queryType { name } } __type(name: \"User\") { name fields { name } } me { id } }";
    let checked = passes(query);
    assert_eq!((checked.cost, checked.depth), (2, 2));
    assert!(!passes("{ __typename me { __typename } }").introspects);
}

#[test]
fn circles_of_types_are_refused() {
    let circle = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }";
    refused_once(circle, ErrorCode::LimitExceeded, "nested lists of types");
    let hidden = "{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } } \
                  fragment B on __Type { possibleTypes { ...C } } fragment C on __Type { interfaces { name } }";
    refused_once(hidden, ErrorCode::LimitExceeded, "nested lists of types");
    let wide = format!("{{ __schema {{ types {{ {} }} }} }}", "name ".repeat(1_100));
    refused_once(&wide, ErrorCode::LimitExceeded, "introspection fields");
}
