//! `GET /api/openapi.json`: the document of the API, made of the table of routes.

use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::answer::{self, Problem};
use crate::routes::{self, Gives, Method, Route};

/// The schemas, as they are written.
const SCHEMAS: &str = include_str!("schemas.json");

pub(crate) async fn document() -> Result<Response, Problem> {
    answer::value(&made())
}

/// The whole document.
pub(crate) fn made() -> Value {
    let mut paths = Map::new();
    for route in routes::all() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method(route.method)] = operation(route);
    }
    let schemas: Value =
        serde_json::from_str(SCHEMAS).expect("schemas.json is JSON: a test reads it");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "bgrun dashboard",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Processes as records, over HTTP. The token is the content of \
                `dash.token` in the state directory.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    })
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    }
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn operation(route: &Route) -> Value {
    let mut parameters = Vec::new();
    for part in route.path.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            let schema = match name {
                "port" => json!({"type": "integer", "minimum": 1, "maximum": 65535}),
                _ => json!({"type": "string"}),
            };
            parameters.push(json!({
                "name": name, "in": "path", "required": true, "schema": schema,
            }));
        }
    }
    for word in route.query {
        let schema: Value =
            serde_json::from_str(word.schema).expect("schemas of the table are JSON");
        parameters.push(json!({
            "name": word.name, "in": "query", "required": false, "schema": schema,
            "description": word.about,
        }));
    }
    let content = match route.gives {
        Gives::Json(schema) => json!({"application/json": {"schema": reference(schema)}}),
        Gives::List(schema) => json!({
            "application/json": {"schema": {"type": "array", "items": reference(schema)}},
        }),
        Gives::Events => json!({"text/event-stream": {"schema": {"type": "string"}}}),
        Gives::Page => json!({"text/html": {"schema": {"type": "string"}}}),
        Gives::Text => json!({"text/plain": {"schema": {"type": "string"}}}),
    };
    let mut responses = json!({"200": {"description": "Done.", "content": content.clone()}});
    let of_all: &[u16] = &[400, 401, 403, 500];
    let of_body: &[u16] = &[408, 413, 415, 422];
    let has_body = route.body.is_some();
    let by_changing = if route.method == Method::Get { &[] } else { of_body };
    for status in of_all.iter().chain(by_changing).chain(route.refuses) {
        responses[status.to_string()] = if *status == 207 {
            json!({"description": "Some of it was not done.", "content": content})
        } else {
            let content = json!({"application/json": {"schema": reference("Error")}});
            json!({"description": "Refused.", "content": content})
        };
    }
    let mut operation = json!({
        "operationId": route.operation,
        "summary": route.about,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(schema) = route.body.filter(|_| has_body) {
        operation["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": reference(schema)}},
        });
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_is_named_is_there_and_used() {
        let document = made();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for name in schemas.keys() {
            let reference = format!("\"#/components/schemas/{name}\"");
            assert!(text.contains(&reference), "nothing refers to {name}");
        }
        for rest in text.split("\"#/components/schemas/").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            assert!(schemas.contains_key(name), "no schema {name}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let mut names: Vec<_> = routes::all().map(|route| route.operation).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), routes::all().count());
    }
}
