//! Whatever is asked, nothing fails here: documents made at random from the schema, parameters from the `OpenAPI` document, and
//! queries of pages, with the values that programs stumble over.
//!
//! Short in `cargo test`, as long as `cargo xtask fuzz` says there. A run is repeated by its seed (`VIGIA_FUZZ_SEED`), which it prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use async_graphql::Name;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, ObjectType, Type, TypeKind,
    TypeSystemDefinition,
};
use serde_json::{Value, json};

use crate::app::{ANA, TestApp, USER_HEADER};
use crate::sample;

/// How long each takes in `cargo test`.
const SHORT: Duration = Duration::from_secs(4);
/// Longest address that the client takes, which counts its bytes in 16 bits.
const URL_BYTES_MAX: usize = 60_000;
/// Deepest nesting of a document.
const DEPTH_MAX: u32 = 5;

fn test_time() -> Duration {
    let seconds = std::env::var("VIGIA_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    seconds.map_or(SHORT, Duration::from_secs)
}

/// `SplitMix64`: whoever has the seed has the run.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed = std::env::var("VIGIA_FUZZ_SEED").ok();
        let seed = seed.and_then(|text| text.parse().ok());
        let seed = seed.unwrap_or_else(|| {
            let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
            u64::try_from(since.as_nanos() & u128::from(u64::MAX)).unwrap()
        });
        println!("VIGIA_FUZZ_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn in_a(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Texts that mean something somewhere, and those that programs stumble over.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "ana",
        "beto",
        "root",
        "nobody",
        "0x",
        "0x7",
        "-1",
        "0",
        "1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
        "1e9",
        "NaN",
        "CUSD",
        "0x2::sui::SUI",
        "shop",
        "trade",
        "one",
        "ledger",
        "none",
        "es",
        "'; DROP TABLE watch; --",
        "%",
        "_",
        "\\",
        "\"",
        "\n",
        "\u{0}",
        "a\u{0}b",
        "\u{202e}",
        "\u{1f600}",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "https://receiver.example/",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "{{7*7}}",
        "OTo5",
        "YTo6",
        "🦀🦀",
        "ﬀ",
    ]
    .map(str::to_owned)
    .into();
    texts.push(sample::address(ANA).to_string());
    texts.push(sample::digest(0).to_string());
    texts.push("0".repeat(32));
    texts.push("a".repeat(300));
    texts.push("é".repeat(5_000));
    texts
}

const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "20",
    "100",
    "101",
    "2147483647",
    "-2147483648",
    "2147483648",
    "9007199254740991",
    "9007199254740992",
    "-9223372036854775808",
    "1.5",
    "1e300",
];

/// The schema, and what is made of it.
struct Documents {
    types: BTreeMap<Name, TypeKind>,
    texts: Vec<String>,
}

impl Documents {
    fn new(texts: Vec<String>) -> Self {
        let document = parse_schema(vigia_web::schema_sdl()).unwrap();
        let types = document
            .definitions
            .into_iter()
            .filter_map(|one| match one {
                TypeSystemDefinition::Type(kind) => Some((kind.node.name.node, kind.node.kind)),
                _ => None,
            });
        Self {
            types: types.collect(),
            texts,
        }
    }

    fn document(&self, chance: &mut Chance) -> String {
        let (keyword, root) = *chance.one(&[
            ("query", "Query"),
            ("query", "Query"),
            ("mutation", "Mutation"),
        ]);
        let mut text = keyword.to_owned();
        self.select(chance, root, 0, &mut text);
        text
    }

    /// Some fields of a type.
    fn select(&self, chance: &mut Chance, of: &str, depth: u32, text: &mut String) {
        let TypeKind::Object(ObjectType { fields, .. }) = &self.types[of] else {
            panic!("{of} has no fields")
        };
        text.push_str(" {");
        for n in 0..=chance.below(4) {
            let field = &chance.one(fields).node;
            if depth >= DEPTH_MAX && self.has_fields(&field.ty.node) {
                text.push_str(" __typename");
                continue;
            }
            let _ = write!(text, " f{depth}_{n}: {}", field.name.node);
            self.ask(chance, field, depth, text);
        }
        text.push_str(" }");
    }

    fn ask(&self, chance: &mut Chance, field: &FieldDefinition, depth: u32, text: &mut String) {
        let mut arguments = String::new();
        for argument in &field.arguments {
            self.argument(chance, &argument.node, &mut arguments);
        }
        if !arguments.is_empty() {
            let _ = write!(text, "({arguments})");
        }
        if self.has_fields(&field.ty.node) {
            self.select(chance, name_of(&field.ty.node), depth + 1, text);
        }
    }

    fn argument(&self, chance: &mut Chance, argument: &InputValueDefinition, text: &mut String) {
        if argument.ty.node.nullable && chance.in_a(2) {
            return;
        }
        let _ = write!(text, "{}: ", argument.name.node);
        self.value(chance, &argument.ty.node, 0, text);
        text.push(' ');
    }

    fn value(&self, chance: &mut Chance, of: &Type, depth: u32, text: &mut String) {
        if of.nullable && chance.in_a(6) {
            return text.push_str("null");
        }
        match &of.base {
            BaseType::List(inner) => {
                let items = match chance.below(8) {
                    0 => 0,
                    1 => 30,
                    few => few % 3,
                };
                text.push('[');
                for _ in 0..items {
                    self.value(chance, inner, depth + 1, text);
                    text.push(' ');
                }
                text.push(']');
            }
            BaseType::Named(name) => self.named(chance, name, depth, text),
        }
    }

    fn named(&self, chance: &mut Chance, name: &Name, depth: u32, text: &mut String) {
        match self.types.get(name) {
            Some(TypeKind::Enum(kind)) => {
                text.push_str(&chance.one(&kind.values).node.value.node);
            }
            Some(TypeKind::InputObject(kind)) => {
                // A choice of exactly one, or whatever fields.
                let is_choice =
                    chance.in_a(2) && kind.fields.iter().all(|field| field.node.ty.node.nullable);
                let only = chance.below(kind.fields.len());
                text.push('{');
                for (n, field) in kind.fields.iter().enumerate() {
                    if depth < 4 && (!is_choice || n == only) {
                        self.argument(chance, &field.node, text);
                    }
                }
                text.push('}');
            }
            _ => match name.as_str() {
                "Boolean" => text.push_str(["true", "false"][chance.below(2)]),
                "Int" | "Float" | "UInt53" => text.push_str(NUMBERS[chance.below(NUMBERS.len())]),
                "ID" if chance.in_a(2) => text.push_str(NUMBERS[chance.below(NUMBERS.len())]),
                _ => text.push_str(&Value::from(chance.one(&self.texts).as_str()).to_string()),
            },
        }
    }

    fn has_fields(&self, of: &Type) -> bool {
        matches!(self.types.get(name_of(of)), Some(TypeKind::Object(_)))
    }
}

fn name_of(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => name_of(inner),
    }
}

async fn app() -> TestApp {
    let app = TestApp::with_transfers().await;
    app.offer(2, "offer of ana", ANA).await;
    app
}

/// No failure of the server, and nothing that its log alone should say.
fn check(what: &str, status: u16, body: &str) {
    assert!(status < 500, "{what}: {status} {body}");
    for word in ["\"INTERNAL\"", "panicked", "sqlx", "SELECT "] {
        assert!(!body.contains(word), "{what}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_of_the_schema() {
    let app = app().await;
    let (mut chance, begun) = (Chance::new(), Instant::now());
    let documents = Documents::new(texts());
    let (mut asked, mut answered) = (0, 0);
    while begun.elapsed() < test_time() {
        let document = documents.document(&mut chance);
        let mut request = app.post("/graphql").json(&json!({ "query": document }));
        if chance.in_a(2) {
            request = request.header(USER_HEADER, "ana");
        }
        let reply = request.send().await.expect(&document);
        let status = reply.status().as_u16();
        let body = reply.text().await.expect(&document);
        check(&document, status, &body);
        let reply: Value = serde_json::from_str(&body).expect(&document);
        asked += 1;
        answered += u32::from(reply["data"].is_object());
    }
    println!("{asked} documents, {answered} with data");
    assert!(
        asked >= 50 && answered * 20 > asked,
        "{answered} of {asked}"
    );
}

/// Paths of the `OpenAPI` document with what their parameters are called.
fn rest() -> Vec<(String, Vec<String>)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/schemas/openapi.json"
    );
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let parameters = |path: &Value| {
        let get = &path["get"]["parameters"];
        let named = get.as_array().into_iter().flatten();
        named
            .filter_map(|parameter| {
                let reference = parameter["$ref"].as_str();
                let parameter = reference.map_or(parameter, |reference| {
                    document.pointer(&reference[1..]).unwrap()
                });
                Some(parameter["name"].as_str()?.to_owned())
            })
            .collect()
    };
    let paths = paths.iter();
    paths
        .map(|(path, item)| (path.clone(), parameters(item)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_of_rest_and_pages() {
    let app = app().await;
    let (mut chance, begun) = (Chance::new(), Instant::now());
    let texts = texts();
    let mut paths = rest();
    assert!(
        paths
            .iter()
            .any(|(path, parameters)| path == "/v1/activities" && parameters.len() > 3)
    );
    let of_pages = [
        "after", "before", "address", "q", "lang", "done", "next", "state", "endpoint", "range",
    ];
    for page in [
        "/",
        "/tx/{x}",
        "/balances",
        "/trades",
        "/invoices",
        "/inbox",
        "/ingestion",
        "/failed",
        "/deliveries",
        "/endpoints",
        "/endpoints/new",
        "/endpoints/{x}",
        "/endpoints/{x}/edit",
        "/endpoints/{x}/remove",
        "/actions",
        "/users",
        "/schedules",
        "/search",
        "/settings",
        "/sign-in",
        "/{x}",
    ] {
        paths.push((page.to_owned(), of_pages.map(str::to_owned).into()));
    }
    let mut asked = 0;
    while begun.elapsed() < test_time() {
        let (path, parameters) = chance.one(&paths).clone();
        // What goes on without end is not asked for here.
        if path.starts_with("/v1/live") || path == "/live" {
            continue;
        }
        let mut url = path;
        while let Some((begin, end)) = url.find('{').zip(url.find('}')) {
            let text = form_urlencoded::byte_serialize(chance.one(&texts).as_bytes());
            url.replace_range(begin..=end, &text.collect::<String>().replace('+', "%20"));
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for parameter in &parameters {
            if chance.in_a(4) {
                let value: &str = match chance.in_a(3) {
                    true => NUMBERS[chance.below(NUMBERS.len())],
                    false => &texts[chance.below(texts.len())],
                };
                query.append_pair(parameter, value);
            }
        }
        let url = format!("{url}?{}", query.finish());
        // No client makes a longer one.
        if url.len() > URL_BYTES_MAX {
            continue;
        }
        let mut request = app.get(&url);
        if chance.in_a(2) {
            request = request.header(USER_HEADER, "ana");
        }
        let reply = request.send().await.expect(&url);
        let status = reply.status().as_u16();
        let body = reply.text().await.expect(&url);
        check(&url, status, &body);
        asked += 1;
    }
    println!("{asked} requests");
    assert!(asked >= 50);
}
