//! `MovePackageService`: packages as the chain holds them, with datatypes and functions synthesised
//! from the declared layouts. Bytecode is a placeholder, so nothing could be read from it.

use std::sync::Arc;

use sui_rpc::proto::sui::rpc::v2::{
    self as proto, datatype_descriptor::DatatypeKind, function_descriptor::Visibility,
    move_package_service_server::MovePackageService, open_signature_body::Type,
};
use sui_sdk_types::{Address, MovePackage, ObjectData};
use tonic::{Request, Response, Status};

use super::{face::Face, filter::parse_address, ledger::required, state::page, view::View};
use crate::chain::{
    Ability, DeclaredFunction, DeclaredModule, DeclaredStruct, FieldType, declared_modules,
};

/// The packages of a node.
pub(crate) struct Packages {
    pub(crate) face: Arc<Face>,
}

#[tonic::async_trait]
impl MovePackageService for Packages {
    async fn get_package(
        &self,
        request: Request<proto::GetPackageRequest>,
    ) -> Result<Response<proto::GetPackageResponse>, Status> {
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let package = find_package(&view, request.into_inner().package_id)?;
        let response = proto::GetPackageResponse::new(package_message(package));
        Ok(Response::new(response))
    }

    async fn get_datatype(
        &self,
        request: Request<proto::GetDatatypeRequest>,
    ) -> Result<Response<proto::GetDatatypeResponse>, Status> {
        let request = request.into_inner();
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let package = find_package(&view, request.package_id)?;
        let module = declared_in(package, &required(request.module_name, "module_name")?)?;
        let name = required(request.name, "name")?;
        let declared = module.structs.iter().find(|s| s.name == name);
        let declared = declared.ok_or_else(|| Status::not_found(format!("datatype {name}")))?;
        let datatype = datatype(original_id(package), module, declared);
        Ok(Response::new(proto::GetDatatypeResponse::new(datatype)))
    }

    async fn get_function(
        &self,
        request: Request<proto::GetFunctionRequest>,
    ) -> Result<Response<proto::GetFunctionResponse>, Status> {
        let request = request.into_inner();
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let package = find_package(&view, request.package_id)?;
        let module = declared_in(package, &required(request.module_name, "module_name")?)?;
        let name = required(request.name, "name")?;
        let declared = module.functions.iter().find(|f| f.name == name);
        let declared = declared.ok_or_else(|| Status::not_found(format!("function {name}")))?;
        let response = proto::GetFunctionResponse::new(function(declared));
        Ok(Response::new(response))
    }

    async fn list_package_versions(
        &self,
        request: Request<proto::ListPackageVersionsRequest>,
    ) -> Result<Response<proto::ListPackageVersionsResponse>, Status> {
        let request = request.into_inner();
        let node = self.face.node();
        let view = self.face.live_view(&node);
        let original = original_id(find_package(&view, request.package_id)?);
        let mut versions: Vec<_> = packages(&view)
            .filter(|package| original_id(package) == original)
            .map(|package| (package.version, package.id))
            .collect();
        versions.sort_unstable();
        let (versions, next) = page(versions, request.page_size, request.page_token)?;
        let versions = versions.into_iter();
        let versions = versions.map(|(version, id)| proto::PackageVersion::new(&id, version));
        let response = proto::ListPackageVersionsResponse::new(versions.collect(), next);
        Ok(Response::new(response))
    }
}

fn packages<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a MovePackage> {
    view.objects().filter_map(|o| match o.data() {
        ObjectData::Package(package) => Some(package),
        ObjectData::Struct(_) => None,
    })
}

fn find_package<'a>(view: &'a View<'_>, id: Option<String>) -> Result<&'a MovePackage, Status> {
    let id = parse_address(&required(id, "package_id")?)?;
    match view.object(&id).map(|object| object.data()) {
        Some(ObjectData::Package(package)) => Ok(package),
        _ => Err(Status::not_found(format!("package {id}"))),
    }
}

/// The id of a package's first version.
///
/// A real node reads it from the bytecode. Here an upgrade defines no types of its own, so that any
/// type's origin tells.
fn original_id(package: &MovePackage) -> Address {
    let origin = package.type_origin_table.first();
    origin.map_or(package.id, |origin| origin.package)
}

/// What is declared of a module. Those of other packages than the wallet's declare nothing.
fn declared_in(package: &MovePackage, name: &str) -> Result<&'static DeclaredModule, Status> {
    let present = package.modules.keys().any(|module| module.as_str() == name);
    let declared = declared_modules().iter().find(|m| m.name == name);
    declared
        .filter(|_| present)
        .ok_or_else(|| Status::not_found(format!("module {name}")))
}

fn package_message(package: &MovePackage) -> proto::Package {
    let original = original_id(package);
    let mut message = proto::Package::default();
    message.storage_id = Some(package.id.to_string());
    message.original_id = Some(original.to_string());
    message.version = Some(package.version);
    message.modules = package
        .modules
        .iter()
        .map(|(name, contents)| {
            let declared = declared_in(package, name.as_str()).ok();
            module(original, name.as_str(), contents, declared)
        })
        .collect();
    let origins = package.type_origin_table.iter().cloned();
    message.type_origins = origins.map(Into::into).collect();
    message.linkage = package
        .linkage_table
        .iter()
        .map(|(original, info)| {
            let mut linkage = proto::Linkage::default();
            linkage.original_id = Some(original.to_string());
            linkage.upgraded_id = Some(info.upgraded_id.to_string());
            linkage.upgraded_version = Some(info.upgraded_version);
            linkage
        })
        .collect();
    message
}

fn module(
    original: Address,
    name: &str,
    contents: &[u8],
    declared: Option<&DeclaredModule>,
) -> proto::Module {
    let mut message = proto::Module::default();
    message.name = Some(name.to_owned());
    message.contents = Some(contents.to_vec().into());
    if let Some(declared) = declared {
        let structs = declared.structs.iter();
        message.datatypes = structs.map(|s| datatype(original, declared, s)).collect();
        message.functions = declared.functions.iter().map(function).collect();
    }
    message
}

fn datatype(
    package: Address,
    module: &DeclaredModule,
    declared: &DeclaredStruct,
) -> proto::DatatypeDescriptor {
    let mut message = proto::DatatypeDescriptor::default();
    message.type_name = Some(format!("{package}::{}::{}", module.name, declared.name));
    message.defining_id = Some(package.to_string());
    message.module = Some(module.name.to_owned());
    message.name = Some(declared.name.to_owned());
    let abilities = declared.abilities.iter();
    message.abilities = abilities.map(|a| ability(*a) as i32).collect();
    message.type_parameters = type_parameters(declared.generic, true);
    message.kind = Some(DatatypeKind::Struct as i32);
    message.fields = (0..)
        .zip(declared.fields)
        .map(|(position, (name, field_type))| {
            let mut field = proto::FieldDescriptor::default();
            field.name = Some((*name).to_owned());
            field.position = Some(position);
            field.r#type = Some(signature(*field_type));
            field
        })
        .collect();
    message
}

fn ability(ability: Ability) -> proto::Ability {
    match ability {
        Ability::Copy => proto::Ability::Copy,
        Ability::Drop => proto::Ability::Drop,
        Ability::Store => proto::Ability::Store,
        Ability::Key => proto::Ability::Key,
    }
}

fn type_parameters(generic: bool, phantom: bool) -> Vec<proto::TypeParameter> {
    let mut parameter = proto::TypeParameter::default();
    parameter.is_phantom = Some(phantom);
    if generic { vec![parameter] } else { vec![] }
}

fn signature(field_type: FieldType) -> proto::OpenSignatureBody {
    match field_type {
        FieldType::Address => plain(Type::Address),
        FieldType::Bool => plain(Type::Bool),
        FieldType::U64 => plain(Type::U64),
        FieldType::Bytes => with_parameter(plain(Type::Vector), plain(Type::U8)),
        FieldType::Uid => datatype_named("2", "object::UID"),
        FieldType::Balance => datatype_named("2", "balance::Balance"),
        FieldType::OptionAddress => {
            let option = datatype_named("1", "option::Option");
            with_parameter(option, plain(Type::Address))
        }
    }
}

fn plain(r#type: Type) -> proto::OpenSignatureBody {
    let mut body = proto::OpenSignatureBody::default();
    body.r#type = Some(r#type as i32);
    body
}

fn datatype_named(package: &str, name: &str) -> proto::OpenSignatureBody {
    let mut body = plain(Type::Datatype);
    body.type_name = Some(format!("0x{package:0>64}::{name}"));
    body
}

fn with_parameter(
    mut body: proto::OpenSignatureBody,
    parameter: proto::OpenSignatureBody,
) -> proto::OpenSignatureBody {
    body.type_parameter_instantiation = vec![parameter];
    body
}

fn function(declared: &DeclaredFunction) -> proto::FunctionDescriptor {
    let mut message = proto::FunctionDescriptor::default();
    message.name = Some(declared.name.to_owned());
    message.visibility = Some(Visibility::Public as i32);
    message.is_entry = Some(true);
    message.type_parameters = type_parameters(declared.generic, false);
    message
}
