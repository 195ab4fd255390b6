//! The same for what is looked up, and what packages say.

use async_trait::async_trait;
use bytes::Bytes;
use vigia_core::{Datatype, DatatypeName, PackageVersion, Scope};
use vigia_store::{
    BusinessDetail, ContractKnowledge, ContractStore, FoundAccount, InvoiceRow, LabelRow, Login,
    SearchStore,
};

use super::store::{FailingStore, Result};

#[async_trait]
impl SearchStore for FailingStore {
    async fn search_objects(
        &self,
        _: &Scope,
        _: &[(String, String)],
        _: &str,
        _: u32,
    ) -> Result<Vec<BusinessDetail>> {
        self.fail()
    }

    async fn search_invoices(&self, _: &Scope, _: &str, _: u32) -> Result<Vec<InvoiceRow>> {
        self.fail()
    }

    async fn search_accounts(&self, _: &Scope, _: &str, _: u32) -> Result<Vec<FoundAccount>> {
        self.fail()
    }

    async fn search_users(&self, _: &str, _: u32) -> Result<Vec<Login>> {
        self.fail()
    }

    async fn search_labels(&self, _: &str, _: u32) -> Result<Vec<LabelRow>> {
        self.fail()
    }
}

#[async_trait]
impl ContractStore for FailingStore {
    async fn contract_knowledge(&self) -> Result<ContractKnowledge> {
        self.fail()
    }

    async fn datatype_wanted(&self, _: u64, _: u32) -> Result<Vec<DatatypeName>> {
        self.fail()
    }

    async fn datatype_record(&self, _: &[(DatatypeName, Option<Datatype>)]) -> Result<()> {
        self.fail()
    }

    async fn datatype_list(&self, _: u32) -> Result<Vec<(DatatypeName, Datatype)>> {
        self.fail()
    }

    async fn package_version_record(&self, _: &[PackageVersion]) -> Result<()> {
        self.fail()
    }

    async fn package_version_noticed(&self) -> Result<Vec<(PackageVersion, u64)>> {
        self.fail()
    }

    async fn event_evidence(&self, _: u64, _: u32) -> Result<Vec<Option<Bytes>>> {
        self.fail()
    }
}
