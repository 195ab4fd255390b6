//! Layouts of declared events: from the file, from the package, or not known yet.

use std::collections::BTreeSet;

use vigia_core::{
    Address, Datatype, DatatypeField, DatatypeName, DatatypeShape, DatatypeVariant, Identifier,
    StructTag,
};

use crate::declaration::{EventDeclaration, Problem, Text, TypeDeclaration};
use crate::layout::{Datatypes, LayoutField, ResolveError, TypeScope, parse_type};

/// Adds a declared type under the package `scope`.
pub(super) fn add_type(
    datatypes: &mut Datatypes,
    scope: Address,
    declared: &TypeDeclaration,
) -> Result<(), Problem> {
    let (module, name) = parse_module_name(&declared.type_name, "type")?;
    let types = TypeScope {
        package: scope,
        parameters: &declared.parameters,
    };
    let shape = match (&declared.fields, &declared.variants) {
        (Some(fields), None) => DatatypeShape::Struct(parse_fields(fields, &types)?),
        (None, Some(variants)) => {
            let variants = variants.iter().map(|variant| {
                Ok(DatatypeVariant {
                    name: variant.name.clone(),
                    fields: parse_fields(&variant.fields, &types)?,
                })
            });
            DatatypeShape::Enum(variants.collect::<Result<_, Problem>>()?)
        }
        _ => {
            let what = "it needs fields, for a struct, or variants, for an enum";
            return Err(Problem::with(&declared.type_name, what));
        }
    };
    let type_parameters = u16::try_from(declared.parameters.len());
    let type_parameters = type_parameters
        .map_err(|_| Problem::with(&declared.type_name, "it has too many parameters"))?;
    let name = DatatypeName {
        package: scope,
        module,
        name,
    };
    let datatype = Datatype {
        type_parameters,
        shape,
    };
    if let Some(before) = datatypes.get(&name)
        && *before != datatype
    {
        let what = "it is declared twice, or its package declares it otherwise: leave it out where a \
                    node can tell";
        return Err(Problem::with(&declared.type_name, what));
    }
    datatypes.insert(name, datatype);
    Ok(())
}

/// An event with its layout, as far as that is known.
pub(super) struct EventLayout<'a> {
    pub(super) declared: &'a EventDeclaration,
    pub(super) module: Identifier,
    pub(super) name: Identifier,
    pub(super) fields: Option<Vec<LayoutField>>,
    pub(super) missing: BTreeSet<DatatypeName>,
}

/// Where layouts of a contract's events come from.
pub(super) struct Layouts<'a> {
    pub(super) datatypes: &'a Datatypes,
    /// Those that files did not declare.
    pub(super) told: &'a Datatypes,
    pub(super) packages: &'a [Address],
    pub(super) scope: Address,
}

impl Layouts<'_> {
    pub(super) fn of<'a>(
        &self,
        declared: &'a EventDeclaration,
    ) -> Result<EventLayout<'a>, Problem> {
        let (module, name) = parse_module_name(&declared.event_type, "event type")?;
        let mut missing = BTreeSet::new();
        let fields = match &declared.fields {
            Some(fields) => {
                let fields = self.declared(fields, &mut missing)?;
                if let (Some(fields), Some(told)) = (&fields, self.told(&module, &name)) {
                    agree(declared, fields, &told)?;
                }
                fields
            }
            None => self.by_package(declared, &module, &name, &mut missing)?,
        };
        Ok(EventLayout {
            declared,
            module,
            name,
            fields,
            missing,
        })
    }

    fn declared(
        &self,
        fields: &[Text],
        missing: &mut BTreeSet<DatatypeName>,
    ) -> Result<Option<Vec<LayoutField>>, Problem> {
        let scope = TypeScope {
            package: self.scope,
            parameters: &[],
        };
        let mut known = Some(Vec::with_capacity(fields.len()));
        for (text, field) in fields.iter().zip(parse_fields(fields, &scope)?) {
            match self.datatypes.field_layout(&field.field_type) {
                Ok(layout) => known.iter_mut().for_each(|known| {
                    known.push((field.name.clone(), layout.clone()));
                }),
                Err(ResolveError::Unknown(name)) if self.may_be_told(&name) => {
                    missing.insert(*name);
                    known = None;
                }
                Err(error) => {
                    let what = format!("field {:?}: {error}", field.name);
                    return Err(Problem::with(text, what));
                }
            }
        }
        Ok(known)
    }

    /// Whether a node can be asked: not about types of a contract that has no package id.
    fn may_be_told(&self, name: &DatatypeName) -> bool {
        name.package != Address::ZERO
    }

    /// The layout that the package declares, in whichever version defined it.
    fn by_package(
        &self,
        declared: &EventDeclaration,
        module: &Identifier,
        name: &Identifier,
        missing: &mut BTreeSet<DatatypeName>,
    ) -> Result<Option<Vec<LayoutField>>, Problem> {
        let tags = self.tags(module, name);
        let Some(tag) = tags
            .iter()
            .find(|tag| self.datatypes.get(&DatatypeName::from(*tag)).is_some())
        else {
            missing.extend(tags.iter().map(DatatypeName::from));
            return Ok(None);
        };
        match self.datatypes.struct_fields(tag) {
            Ok(fields) => Ok(Some(fields)),
            Err(ResolveError::Unknown(name)) => {
                missing.insert(*name);
                Ok(None)
            }
            Err(error) => {
                let what = format!("its package's layout cannot be used: {error}; declare fields");
                Err(Problem::with(&declared.event_type, what))
            }
        }
    }

    /// What the package says of an event, where it has said all of it.
    fn told(&self, module: &Identifier, name: &Identifier) -> Option<Vec<LayoutField>> {
        let tags = self.tags(module, name);
        let mut tags = tags.iter();
        tags.find_map(|tag| self.told.struct_fields(tag).ok())
    }

    fn tags(&self, module: &Identifier, name: &Identifier) -> Vec<StructTag> {
        let tag =
            |package: &Address| StructTag::new(*package, module.clone(), name.clone(), Vec::new());
        self.packages.iter().map(tag).collect()
    }
}

/// Checks declared fields against those that the package has: names are the file's own affair, types and
/// their order are not.
fn agree(
    declared: &EventDeclaration,
    fields: &[LayoutField],
    told: &[LayoutField],
) -> Result<(), Problem> {
    let texts = declared.fields.as_deref().unwrap_or_default();
    let differing = fields
        .iter()
        .zip(told)
        .position(|((_, here), (_, there))| here != there);
    let position = match differing {
        Some(position) => position,
        None if fields.len() == told.len() => return Ok(()),
        None => fields.len().min(told.len()),
    };
    let as_told: Vec<String> = told
        .iter()
        .map(|(name, layout)| format!("{name}: {}", layout.kind()))
        .collect();
    let what = format!(
        "field {} is not as its package has it; that has {}",
        position + 1,
        as_told.join(", ")
    );
    Err(Problem::with(
        texts.get(position).unwrap_or(&declared.event_type),
        what,
    ))
}

/// `module::Name`.
fn parse_module_name(text: &Text, what: &str) -> Result<(Identifier, Identifier), Problem> {
    let parse = || {
        let (module, name) = text.as_ref().split_once("::")?;
        Some((Identifier::new(module).ok()?, Identifier::new(name).ok()?))
    };
    parse().ok_or_else(|| {
        let what = format!(
            "{:?} is not an {what}: expected module::Name",
            text.as_ref()
        );
        Problem::with(text, what)
    })
}

fn parse_fields(declared: &[Text], scope: &TypeScope<'_>) -> Result<Vec<DatatypeField>, Problem> {
    let parse = |text: &Text| {
        let problem = |what: String| Problem::with(text, what);
        let (name, field_type) = text.as_ref().split_once(':').ok_or_else(|| {
            problem(format!(
                "field {:?} lacks its type: expected \"name: type\"",
                text.as_ref()
            ))
        })?;
        let name = name.trim().to_owned();
        let field_type = parse_type(field_type, scope)
            .map_err(|error| problem(format!("field {name:?}: {error}")))?;
        Ok(DatatypeField { name, field_type })
    };
    declared.iter().map(parse).collect()
}
