//! Having an address watched for one's account: by showing that it is one's own. Nobody watches another's address by
//! naming it; operators may.

use super::error::{self, bad_input, forbidden, internal};
use super::label::address_of;
use super::query::{check_writer, reader, web};
use super::scalar::UInt53;
use crate::linking::{LinkRefusal, Linking};
use crate::wallet::WalletRefusal;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

/// A text for a wallet to sign as a personal message.
#[derive(SimpleObject)]
struct AddressChallenge {
    /// The text, to the letter.
    message: String,
    /// What it is known by: send it back with the signature. Good for one try.
    nonce: String,
    /// When it ends, in milliseconds since 1970.
    expires_at_ms: UInt53,
}

/// That an address is one's own.
#[derive(InputObject)]
struct AddressProof {
    /// The nonce of the challenge.
    nonce: String,
    /// What the wallet made of its message: base64 of Sui's serialised signature.
    signature: String,
}

/// An address that is watched for an account.
#[derive(SimpleObject)]
struct LinkedAddress {
    /// The address.
    address: String,
    /// The application's key of the account.
    account: String,
    /// First checkpoint from which on it is watched; null where it was watched before.
    live_from: Option<UInt53>,
}

/// Mutations that link addresses.
#[derive(Default)]
pub(crate) struct LinkMutation;

/// What can be changed of which addresses are whose.
#[Object]
impl LinkMutation {
    /// A text for an address to sign, so that it may be watched for a personal account of the reader.
    async fn create_address_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key of the account.")] account: String,
        #[graphql(desc = "The address.")] address: String,
    ) -> Result<AddressChallenge> {
        check_writer(ctx)?;
        let address = address_of(&address)?;
        let asked = linking(ctx).ask(&account, address).await;
        let asked = asked.map_err(|refusal| refused(refusal, &account))?;
        Ok(AddressChallenge {
            message: asked.message,
            nonce: asked.nonce,
            expires_at_ms: UInt53(asked.expires_at_ms),
        })
    }

    /// Has an address watched for an account from now on: for a personal account of the reader with the proof that the
    /// address is theirs, for any account by operators, who need none.
    async fn link_address(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's key of the account.")] account: String,
        #[graphql(desc = "The address.")] address: String,
        #[graphql(desc = "The proof, unless an operator asks.")] proof: Option<AddressProof>,
    ) -> Result<LinkedAddress> {
        check_writer(ctx)?;
        let address = address_of(&address)?;
        let linking = linking(ctx);
        let linked = match proof {
            Some(AddressProof { nonce, signature }) => {
                let linked = linking.by_proof(account.clone(), address, &nonce, signature);
                linked.await
            }
            None => linking.by_name(account.clone(), address).await,
        };
        let linked = linked.map_err(|refusal| refused(refusal, &account))?;
        Ok(LinkedAddress {
            address: linked.address.to_string(),
            account: linked.account,
            live_from: linked.live_from.map(UInt53),
        })
    }
}

fn linking<'c>(ctx: &Context<'c>) -> Linking<'c> {
    Linking::new(web(ctx), ctx.data_unchecked(), reader(ctx))
}

fn refused(refusal: LinkRefusal, account: &str) -> async_graphql::Error {
    match refusal {
        LinkRefusal::Forbidden(why) => forbidden(why),
        LinkRefusal::NotOnesOwn => bad_input(
            "account",
            format!("you have no personal account {account:?}"),
            "the external id of a personal account of yours",
        ),
        LinkRefusal::NoAccount => bad_input(
            "account",
            format!("there is no account {account:?}"),
            "the external id of an account",
        ),
        LinkRefusal::Taken(why) => {
            let expected = "an address that is watched for no other account";
            bad_input("address", why, expected)
        }
        LinkRefusal::Busy => error::unavailable("too many signatures are being checked"),
        LinkRefusal::Wallet(WalletRefusal::Wrong) => forbidden(&WalletRefusal::Wrong.to_string()),
        LinkRefusal::Wallet(WalletRefusal::Unavailable(why)) => error::unavailable(&why),
        LinkRefusal::Wallet(WalletRefusal::Store(error)) | LinkRefusal::Store(error) => {
            internal(error)
        }
    }
}
