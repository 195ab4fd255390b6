//! Checkpoints as files: `SEQ.chk`, one byte 0x01 and the BCS of the checkpoint's data, and
//! `SEQ.binpb.zst`, one `sui.rpc.v2.Checkpoint` as full nodes' buckets hold it.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use prost::Message;
use sui_rpc::{
    field::{FieldMask, FieldMaskTree},
    proto::sui::rpc::v2 as proto,
};
use sui_sdk_types::CheckpointData;

use crate::serve::{Stored, render_checkpoint};

const CHK_VERSION: u8 = 1;

/// How a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// `SEQ.chk`
    Chk,
    /// `SEQ.binpb.zst`
    BinpbZst,
}

/// Writes one checkpoint into a directory that exists; returns the number of bytes.
pub fn write_checkpoint(
    directory: &Path,
    data: CheckpointData,
    format: FileFormat,
) -> Result<usize> {
    let number = data.checkpoint_summary.checkpoint.sequence_number;
    let (name, bytes) = match format {
        FileFormat::Chk => (format!("{number}.chk"), chk_bytes(&data)?),
        FileFormat::BinpbZst => {
            let message = render_checkpoint(&Stored::new(data), &FieldMaskTree::new_wildcard());
            (format!("{number}.binpb.zst"), binpb_zst(&message)?)
        }
    };
    let path = directory.join(name);
    fs::write(&path, &bytes).with_context(|| format!("write {}", path.display()))?;
    Ok(bytes.len())
}

/// The message that a node sends of a checkpoint to whoever asks for these fields.
pub fn checkpoint_message(data: CheckpointData, fields: FieldMask) -> proto::Checkpoint {
    render_checkpoint(&Stored::new(data), &FieldMaskTree::from(fields))
}

/// Reads every `.chk` file of a directory, in order of checkpoints.
pub fn read_chk_directory(directory: &Path) -> Result<Vec<CheckpointData>> {
    let mut checkpoints = vec![];
    let entries =
        fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "chk") {
            checkpoints.push(read_chk(&path)?);
        }
    }
    anyhow::ensure!(
        !checkpoints.is_empty(),
        "no .chk files in {}",
        directory.display()
    );
    checkpoints.sort_by_key(|data| data.checkpoint_summary.checkpoint.sequence_number);
    Ok(checkpoints)
}

/// Reads one `.chk` file.
pub fn read_chk(path: &Path) -> Result<CheckpointData> {
    let decode = || {
        let bytes = fs::read(path)?;
        match bytes.split_first() {
            Some((&CHK_VERSION, data)) => Ok(bcs::from_bytes(data)?),
            _ => anyhow::bail!("does not begin with the byte {CHK_VERSION:#04x}"),
        }
    };
    decode().with_context(|| format!("read {}", path.display()))
}

pub(crate) fn chk_bytes(data: &CheckpointData) -> Result<Vec<u8>> {
    let mut bytes = vec![CHK_VERSION];
    bcs::serialize_into(&mut bytes, data)?;
    Ok(bytes)
}

pub(crate) fn binpb_zst(message: &proto::Checkpoint) -> Result<Vec<u8>> {
    Ok(zstd::encode_all(&message.encode_to_vec()[..], 0)?)
}
