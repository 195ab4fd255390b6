//! What a node says about packages: their versions, and the datatypes they declare.
//!
//! Nothing of it is signed. What is told in an unexpected shape is an error, never half a layout.

use sui_rpc::proto::sui::rpc::v2::{
    self as proto, datatype_descriptor::DatatypeKind, open_signature_body::Type,
};
use tonic::Code;
use vigia_core::{
    Address, Datatype, DatatypeField, DatatypeName, DatatypeShape, DatatypeVariant,
    FIELD_TYPE_DEPTH_MAX, FieldType, PackageVersion, StructTag, parse_address,
};

use super::ProviderClient;
use crate::SourceError;

/// Most versions of a package that are taken; no package has nearly so many.
pub(crate) const PACKAGE_VERSIONS_MAX: usize = 10_000;
/// Versions asked for at once.
const PAGE: u32 = 1_000;

impl ProviderClient {
    /// What a package declares of a datatype; none where there is no such package or datatype.
    pub(crate) async fn datatype(
        &self,
        name: &DatatypeName,
    ) -> Result<Option<Datatype>, SourceError> {
        let mut request = proto::GetDatatypeRequest::default();
        request.package_id = Some(name.package.to_string());
        request.module_name = Some(name.module.to_string());
        request.name = Some(name.name.to_string());
        let response = match self
            .client
            .clone()
            .package_client()
            .get_datatype(request)
            .await
        {
            Ok(response) => response.into_inner(),
            Err(status) if status.code() == Code::NotFound => return Ok(None),
            Err(status) => return Err(self.error(&status)),
        };
        let told = response.datatype.unwrap_or_default();
        match datatype(name, &told) {
            Ok(datatype) => Ok(Some(datatype)),
            Err(problem) => Err(self.unreadable(&format!("datatype {name}: {problem}"))),
        }
    }

    /// Every version of the lineage that a package belongs to, ascending; none where there is no such
    /// package.
    pub(crate) async fn package_versions(
        &self,
        package: &Address,
    ) -> Result<Option<Vec<PackageVersion>>, SourceError> {
        let mut versions: Vec<(u64, Address)> = Vec::new();
        let mut page_token = None;
        loop {
            let mut request = proto::ListPackageVersionsRequest::default();
            request.package_id = Some(package.to_string());
            request.page_size = Some(PAGE);
            request.page_token = page_token;
            let mut client = self.client.clone();
            let listed = client.package_client().list_package_versions(request).await;
            let page = match listed {
                Ok(response) => response.into_inner(),
                Err(status) if status.code() == Code::NotFound => return Ok(None),
                Err(status) => return Err(self.error(&status)),
            };
            for told in &page.versions {
                let version = version(told).map_err(|problem| {
                    self.unreadable(&format!("versions of package {package}: {problem}"))
                })?;
                versions.push(version);
            }
            page_token = page.next_page_token.filter(|token| !token.is_empty());
            if versions.len() > PACKAGE_VERSIONS_MAX
                || (page.versions.is_empty() && page_token.is_some())
            {
                let problem = format!("versions of package {package}: they do not end");
                return Err(self.unreadable(&problem));
            }
            if page_token.is_none() {
                break;
            }
        }
        lineage(package, versions).map(Some).map_err(|problem| {
            self.unreadable(&format!("versions of package {package}: {problem}"))
        })
    }

    fn unreadable(&self, problem: &str) -> SourceError {
        SourceError::Provider {
            url: self.url.clone(),
            problem: problem.to_owned(),
            may_pass: false,
        }
    }
}

fn version(told: &proto::PackageVersion) -> Result<(u64, Address), String> {
    let id = told.package_id.as_deref().ok_or("one has no id")?;
    let id = parse_address(id).map_err(|error| error.to_string())?;
    // An absent number is not version 0 (I-4).
    Ok((told.version.ok_or("one has no number")?, id))
}

/// The versions as one lineage: the asked one among them, each once, the first known.
fn lineage(
    package: &Address,
    mut versions: Vec<(u64, Address)>,
) -> Result<Vec<PackageVersion>, String> {
    versions.sort_unstable();
    versions.dedup();
    let is_repeated = versions.windows(2).any(|pair| pair[0].0 == pair[1].0);
    if is_repeated {
        return Err("two have one number".to_owned());
    }
    let Some((1, original)) = versions.first().copied() else {
        return Err("the first is missing".to_owned());
    };
    if !versions.iter().any(|(_, id)| id == package) {
        return Err("it is not among them".to_owned());
    }
    let versions = versions
        .into_iter()
        .map(|(version, package)| PackageVersion {
            original,
            version,
            package,
        });
    Ok(versions.collect())
}

fn datatype(name: &DatatypeName, told: &proto::DatatypeDescriptor) -> Result<Datatype, String> {
    let is_asked = told.module.as_deref() == Some(name.module.as_str())
        && told.name.as_deref() == Some(name.name.as_str());
    if !is_asked {
        return Err("another one was sent".to_owned());
    }
    // A type is known by the version that first defined it, whichever version is asked.
    let defining = told.defining_id.as_deref().map(parse_address);
    if !matches!(defining, Some(Ok(defining)) if defining == name.package) {
        return Err("it is defined in another package".to_owned());
    }
    let kind = told.kind.and_then(|kind| DatatypeKind::try_from(kind).ok());
    let shape = match kind {
        Some(DatatypeKind::Struct) => DatatypeShape::Struct(fields(&told.fields)?),
        Some(DatatypeKind::Enum) => {
            in_order(told.variants.iter().map(|variant| variant.position))?;
            let variants = told.variants.iter().map(|variant| {
                Ok(DatatypeVariant {
                    name: variant.name.clone().ok_or("a variant has no name")?,
                    fields: fields(&variant.fields)?,
                })
            });
            DatatypeShape::Enum(variants.collect::<Result<_, String>>()?)
        }
        _ => return Err("it is neither a struct nor an enum".to_owned()),
    };
    let type_parameters = u16::try_from(told.type_parameters.len());
    Ok(Datatype {
        type_parameters: type_parameters.map_err(|_| "it has too many type parameters")?,
        shape,
    })
}

fn fields(told: &[proto::FieldDescriptor]) -> Result<Vec<DatatypeField>, String> {
    in_order(told.iter().map(|field| field.position))?;
    let fields = told.iter().map(|field| {
        let name = field.name.clone().ok_or("a field has no name")?;
        let body = field.r#type.as_ref();
        let body = body.ok_or_else(|| format!("field {name:?} has no type"))?;
        Ok(DatatypeField {
            field_type: field_type(body, FIELD_TYPE_DEPTH_MAX)
                .map_err(|problem| format!("field {name:?}: {problem}"))?,
            name,
        })
    });
    fields.collect()
}

/// BCS goes by the order of fields and variants, so one that is not the stated order is refused.
fn in_order(positions: impl Iterator<Item = Option<u32>>) -> Result<(), String> {
    match (0..)
        .zip(positions)
        .all(|(n, told)| told.is_none_or(|told| told == n))
    {
        true => Ok(()),
        false => Err("its parts are out of order".to_owned()),
    }
}

fn field_type(told: &proto::OpenSignatureBody, depth: usize) -> Result<FieldType, String> {
    let depth = depth.checked_sub(1).ok_or("it is nested too deep")?;
    let kind = told.r#type.and_then(|kind| Type::try_from(kind).ok());
    let arguments = told.type_parameter_instantiation.iter();
    let mut arguments = arguments
        .map(|argument| field_type(argument, depth))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(match kind {
        Some(Type::Address) => FieldType::Address,
        Some(Type::Bool) => FieldType::Bool,
        Some(Type::U8) => FieldType::U8,
        Some(Type::U16) => FieldType::U16,
        Some(Type::U32) => FieldType::U32,
        Some(Type::U64) => FieldType::U64,
        Some(Type::U128) => FieldType::U128,
        Some(Type::U256) => FieldType::U256,
        Some(Type::Vector) if arguments.len() == 1 => {
            FieldType::Vector(Box::new(arguments.remove(0)))
        }
        Some(Type::Datatype) => {
            let text = told.type_name.as_deref().unwrap_or_default();
            let tag = text.parse::<StructTag>();
            let tag = tag.map_err(|_| format!("{text:?} is no datatype"))?;
            FieldType::Named(DatatypeName::from(&tag), arguments)
        }
        Some(Type::Parameter) => {
            let position = told.type_parameter.and_then(|n| u16::try_from(n).ok());
            FieldType::Parameter(position.ok_or("a type parameter has no position")?)
        }
        _ => return Err("its type is not known".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> Address {
        Address::new([byte; 32])
    }

    fn name() -> DatatypeName {
        let tag = format!("{}::shop::Sold", id(7))
            .parse::<StructTag>()
            .unwrap();
        DatatypeName::from(&tag)
    }

    fn body(kind: Type) -> proto::OpenSignatureBody {
        let mut body = proto::OpenSignatureBody::default();
        body.r#type = Some(kind as i32);
        body
    }

    fn descriptor(fields: Vec<(&str, u32, proto::OpenSignatureBody)>) -> proto::DatatypeDescriptor {
        let mut told = proto::DatatypeDescriptor::default();
        told.defining_id = Some(id(7).to_string());
        told.module = Some("shop".to_owned());
        told.name = Some("Sold".to_owned());
        told.kind = Some(DatatypeKind::Struct as i32);
        let fields = fields.into_iter().map(|(name, position, body)| {
            let mut field = proto::FieldDescriptor::default();
            field.name = Some(name.to_owned());
            field.position = Some(position);
            field.r#type = Some(body);
            field
        });
        told.fields = fields.collect();
        told
    }

    #[test]
    fn what_is_told_becomes_a_datatype() {
        let mut list = body(Type::Vector);
        let mut parameter = body(Type::Parameter);
        parameter.type_parameter = Some(0);
        list.type_parameter_instantiation = vec![parameter];
        let mut told = descriptor(vec![("who", 0, body(Type::Address)), ("list", 1, list)]);
        told.type_parameters = vec![proto::TypeParameter::default()];
        let datatype = datatype(&name(), &told).unwrap();
        let DatatypeShape::Struct(fields) = &datatype.shape else {
            panic!("{datatype:?}");
        };
        let parameter = Box::new(FieldType::Parameter(0));
        assert_eq!(datatype.type_parameters, 1);
        assert_eq!(fields[1].field_type, FieldType::Vector(parameter));

        let mut told = descriptor(vec![]);
        told.kind = Some(DatatypeKind::Enum as i32);
        let mut variant = proto::VariantDescriptor::default();
        variant.name = Some("Open".to_owned());
        told.variants = vec![variant];
        let datatype = super::datatype(&name(), &told).unwrap();
        assert!(matches!(datatype.shape, DatatypeShape::Enum(variants) if variants.len() == 1));
    }

    #[test]
    fn what_is_told_wrongly_is_no_datatype() {
        let refused = |told: &proto::DatatypeDescriptor, expected: &str| {
            let problem = datatype(&name(), told).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        };
        let right = descriptor(vec![("who", 0, body(Type::Address))]);
        let mut other = right.clone();
        other.name = Some("Bought".to_owned());
        refused(&other, "another one was sent");
        let mut elsewhere = right.clone();
        elsewhere.defining_id = Some(id(8).to_string());
        refused(&elsewhere, "another package");
        let mut shapeless = right.clone();
        shapeless.kind = None;
        refused(&shapeless, "neither");
        refused(
            &descriptor(vec![("who", 1, body(Type::U8))]),
            "out of order",
        );
        refused(
            &descriptor(vec![("who", 0, body(Type::Unknown))]),
            "not known",
        );
        refused(
            &descriptor(vec![("who", 0, body(Type::Vector))]),
            "not known",
        );
        refused(
            &descriptor(vec![("who", 0, body(Type::Datatype))]),
            "no datatype",
        );
        refused(
            &descriptor(vec![("who", 0, body(Type::Parameter))]),
            "no position",
        );
        let nested = |levels: usize| {
            let deep = (0..levels).fold(body(Type::U8), |inner, _| {
                let mut outer = body(Type::Vector);
                outer.type_parameter_instantiation = vec![inner];
                outer
            });
            descriptor(vec![("deep", 0, deep)])
        };
        assert!(datatype(&name(), &nested(FIELD_TYPE_DEPTH_MAX - 1)).is_ok());
        refused(&nested(FIELD_TYPE_DEPTH_MAX), "too deep");
    }

    #[test]
    fn versions_make_one_lineage() {
        let made = lineage(&id(2), vec![(2, id(2)), (1, id(1)), (2, id(2))]).unwrap();
        let of = |version, byte| PackageVersion {
            original: id(1),
            version,
            package: id(byte),
        };
        assert_eq!(made, [of(1, 1), of(2, 2)]);
        for (versions, expected) in [
            (vec![], "first is missing"),
            (vec![(2, id(2))], "first is missing"),
            (vec![(1, id(1))], "not among them"),
            (vec![(1, id(2)), (1, id(1))], "one number"),
        ] {
            let problem = lineage(&id(2), versions).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
        let mut unnumbered = proto::PackageVersion::default();
        unnumbered.package_id = Some(id(1).to_string());
        assert!(version(&unnumbered).is_err());
    }
}
