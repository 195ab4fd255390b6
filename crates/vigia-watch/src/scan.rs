//! The same as `footprint`, in place: over the signed bytes of a transaction, of which nothing is decoded.
//!
//! Almost all transactions of a chain concern nobody, and decoding them is almost all of the work. What is read here is the
//! BCS of `Transaction`, `TransactionEffects` (version 2) and `TransactionEvents` as the SDK's types say it (their
//! documentation has the grammar). The answer is "nobody" or "decode it": the latter for what is watched, and for whatever is
//! not exactly as expected, known errors, system transactions, version 1 effects and malformed bytes among it. So whoever
//! decodes what this does not call irrelevant misses nothing, and finds what is malformed; `scan` accepts no bytes that the
//! decoder refuses, which tests and a fuzz target compare.

use vigia_core::Address;

use crate::WatchList;

/// Depth of nested types from which on a type is left to the decoder, which allows more.
const TYPE_DEPTH_MAX: u32 = 8;
/// Parts of a type from which on it is left to the decoder, which allows more.
const TYPE_PARTS_MAX: u32 = 64;
/// The longest identifier of Move.
const IDENTIFIER_BYTES_MAX: usize = 128;

/// That a transaction has to be decoded, to say whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decode;

type Scan<T = ()> = Result<T, Decode>;

/// What a transaction did that concerns nobody on the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// What gas cost in all.
    pub gas_cost: i128,
    /// Whether it wrote an object that an address owns, or an address's balance.
    pub writes_owned: bool,
}

/// What effects say beside.
#[derive(Default)]
struct Effects {
    passed: Passed,
    emits: bool,
}

impl WatchList {
    /// Looks at the signed bytes of a transaction; an error where it has to be decoded. Balance changes are no part of them.
    pub fn scan(&self, transaction: &[u8], effects: &[u8], events: Option<&[u8]>) -> Scan<Passed> {
        let effects = self.scan_effects(effects)?;
        match (effects.emits, events) {
            (true, Some(events)) => self.scan_events(events)?,
            (false, None) => {}
            // What is missing, or too much, is for the decoder to say.
            _ => return Err(Decode),
        }
        self.scan_transaction(transaction)?;
        Ok(effects.passed)
    }

    fn scan_transaction(&self, bytes: &[u8]) -> Scan {
        let mut reader = Reader(bytes);
        reader.variant(&[0])?; // version 1
        match reader.byte()? {
            // Programmable, and such of the system.
            0 | 10 => {
                for _ in 0..reader.length()? {
                    reader.input()?;
                }
                for _ in 0..reader.length()? {
                    self.scan_command(&mut reader)?;
                }
            }
            // What each checkpoint has of the system.
            kind => reader.prologue(kind)?,
        }
        self.pass(reader.address()?)?; // sender
        for _ in 0..reader.length()? {
            reader.object_reference()?;
        }
        self.pass(reader.address()?)?; // who pays
        reader.skip(16)?; // price and budget
        reader.expiration()?;
        reader.end()
    }

    fn scan_command(&self, reader: &mut Reader<'_>) -> Scan {
        match reader.byte()? {
            0 => {
                self.pass_package(reader.address()?)?;
                reader.identifier()?;
                reader.identifier()?;
                let mut parts = 0;
                for _ in 0..reader.length()? {
                    reader.type_tag(0, &mut parts)?;
                    parts = 0;
                }
                reader.arguments()
            }
            1 => {
                reader.arguments()?;
                reader.argument()
            }
            2 | 3 => {
                reader.argument()?;
                reader.arguments()
            }
            4 => reader.modules(),
            5 => {
                if reader.option()? {
                    reader.type_tag(0, &mut 0)?;
                }
                reader.arguments()
            }
            6 => {
                reader.modules()?;
                reader.skip(32)?;
                reader.argument()
            }
            _ => Err(Decode),
        }
    }

    fn scan_effects(&self, bytes: &[u8]) -> Scan<Effects> {
        let mut reader = Reader(bytes);
        let mut effects = Effects::default();
        reader.variant(&[1])?; // version 2
        reader.status()?;
        reader.skip(8)?; // epoch
        let [computation, storage, rebate] = [reader.number()?, reader.number()?, reader.number()?];
        effects.passed.gas_cost =
            i128::from(computation) + i128::from(storage) - i128::from(rebate);
        reader.skip(8)?; // what the system keeps of the rebate
        reader.digest()?; // of the transaction
        if reader.option()? {
            reader.skip(4)?; // position of the gas coin
        }
        effects.emits = reader.option()?;
        if effects.emits {
            reader.digest()?;
        }
        for _ in 0..reader.length()? {
            reader.digest()?; // what it depends on
        }
        reader.skip(8)?; // version of what it wrote
        for _ in 0..reader.length()? {
            effects.passed.writes_owned |= self.scan_change(&mut reader)?;
        }
        for _ in 0..reader.length()? {
            reader.unchanged()?;
        }
        if reader.option()? {
            reader.digest()?; // auxiliary data
        }
        reader.end()?;
        Ok(effects)
    }

    /// Returns whether an address owns what was written.
    fn scan_change(&self, reader: &mut Reader<'_>) -> Scan<bool> {
        let mut is_owned = false;
        reader.skip(32)?; // the object
        match reader.byte()? {
            0 => {}
            1 => {
                reader.skip(8)?;
                reader.digest()?;
                self.scan_owner(reader)?;
            }
            _ => return Err(Decode),
        }
        match reader.byte()? {
            0 => {}
            1 => {
                reader.digest()?;
                is_owned = self.scan_owner(reader)?;
            }
            2 => {
                reader.skip(8)?;
                reader.digest()?;
            }
            3 => {
                is_owned = true;
                self.pass(reader.address()?)?;
                reader.type_tag(0, &mut 0)?;
                reader.variant(&[0, 1])?; // merge or split
                match reader.byte()? {
                    0 => reader.skip(8)?,
                    1 => reader.skip(16)?,
                    _ => return Err(Decode),
                }
            }
            _ => return Err(Decode),
        }
        reader.variant(&[0, 1, 2])?; // what happened to the id
        Ok(is_owned)
    }

    /// Returns whether it is an address.
    fn scan_owner(&self, reader: &mut Reader<'_>) -> Scan<bool> {
        match reader.byte()? {
            0 => self.pass(reader.address()?).map(|()| true),
            1 => reader.skip(32).map(|()| false),
            2 => reader.skip(8).map(|()| false),
            3 => Ok(false),
            4 => {
                reader.skip(8)?;
                self.pass(reader.address()?).map(|()| true)
            }
            _ => Err(Decode),
        }
    }

    fn scan_events(&self, bytes: &[u8]) -> Scan {
        let mut reader = Reader(bytes);
        for _ in 0..reader.length()? {
            self.pass_package(reader.address()?)?;
            reader.identifier()?;
            reader.skip(32)?; // who sent the transaction
            self.pass_package(reader.struct_tag(0, &mut 0)?)?;
            let contents = reader.length()?;
            reader.skip(contents)?;
        }
        reader.end()
    }

    /// An address that is not watched.
    fn pass(&self, address: Address) -> Scan {
        match self.watches_address(&address) {
            true => Err(Decode),
            false => Ok(()),
        }
    }

    /// A package of which nothing is watched.
    fn pass_package(&self, package: Address) -> Scan {
        match self.watches_of_package(&package) {
            true => Err(Decode),
            false => Ok(()),
        }
    }
}

/// Bytes that are left.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Scan<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Decode)?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Scan {
        self.take(count).map(|_| ())
    }

    fn byte(&mut self) -> Scan<u8> {
        let (byte, rest) = self.0.split_first().ok_or(Decode)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// One of these kinds. All kinds there are have one byte.
    fn variant(&mut self, expected: &[u8]) -> Scan<u8> {
        let variant = self.byte()?;
        match expected.contains(&variant) {
            true => Ok(variant),
            false => Err(Decode),
        }
    }

    fn option(&mut self) -> Scan<bool> {
        self.variant(&[0, 1]).map(|there| there == 1)
    }

    /// A length, in ULEB128 without needless bytes. One that cannot be, since there are not as many bytes, ends the scan later
    /// at the latest.
    fn length(&mut self) -> Scan<usize> {
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return match byte == 0 && shift > 0 {
                    true => Err(Decode),
                    false => Ok(length),
                };
            }
        }
        // More than a message may have.
        Err(Decode)
    }

    fn address(&mut self) -> Scan<Address> {
        let (address, rest) = self.0.split_first_chunk::<32>().ok_or(Decode)?;
        self.0 = rest;
        Ok(Address::new(*address))
    }

    fn number(&mut self) -> Scan<u64> {
        let (number, rest) = self.0.split_first_chunk::<8>().ok_or(Decode)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*number))
    }

    /// A digest is written as bytes, with its length.
    fn digest(&mut self) -> Scan {
        self.variant(&[32])?;
        self.skip(32)
    }

    fn object_reference(&mut self) -> Scan {
        self.skip(32 + 8)?;
        self.digest()
    }

    fn identifier(&mut self) -> Scan {
        let length = self.length()?;
        if length > IDENTIFIER_BYTES_MAX {
            return Err(Decode);
        }
        let (first, rest) = self.take(length)?.split_first().ok_or(Decode)?;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let begins = first.is_ascii_alphabetic() || (*first == b'_' && !rest.is_empty());
        match begins && rest.iter().all(is_part) {
            true => Ok(()),
            false => Err(Decode),
        }
    }

    fn type_tag(&mut self, depth: u32, parts: &mut u32) -> Scan {
        *parts += 1;
        if depth >= TYPE_DEPTH_MAX || *parts > TYPE_PARTS_MAX {
            return Err(Decode);
        }
        match self.byte()? {
            6 => self.type_tag(depth + 1, parts),
            7 => self.struct_tag(depth + 1, parts).map(|_| ()),
            0..=5 | 8..=10 => Ok(()),
            _ => Err(Decode),
        }
    }

    /// Returns who defined it.
    fn struct_tag(&mut self, depth: u32, parts: &mut u32) -> Scan<Address> {
        let package = self.address()?;
        self.identifier()?;
        self.identifier()?;
        for _ in 0..self.length()? {
            self.type_tag(depth, parts)?;
        }
        Ok(package)
    }

    fn input(&mut self) -> Scan {
        match self.byte()? {
            0 => {
                let length = self.length()?;
                self.skip(length)
            }
            1 => match self.byte()? {
                0 | 2 => self.object_reference(),
                1 => {
                    self.skip(32 + 8)?;
                    self.variant(&[0, 1, 2]).map(|_| ())
                }
                _ => Err(Decode),
            },
            2 => {
                self.variant(&[0])?; // an amount
                self.skip(8)?;
                self.variant(&[0])?; // of a balance
                self.type_tag(0, &mut 0)?;
                match self.byte()? {
                    0 | 1 => Ok(()),
                    2 => self.skip(64),
                    _ => Err(Decode),
                }
            }
            _ => Err(Decode),
        }
    }

    fn argument(&mut self) -> Scan {
        match self.byte()? {
            0 => Ok(()),
            1 | 2 => self.skip(2),
            3 => self.skip(4),
            _ => Err(Decode),
        }
    }

    fn arguments(&mut self) -> Scan {
        for _ in 0..self.length()? {
            self.argument()?;
        }
        Ok(())
    }

    /// Modules that are published, and packages that they depend on.
    fn modules(&mut self) -> Scan {
        for _ in 0..self.length()? {
            let length = self.length()?;
            self.skip(length)?;
        }
        let dependencies = self.length()?;
        self.skip(dependencies.checked_mul(32).ok_or(Decode)?)
    }

    /// What the system does once for each commit of consensus: its prologue, randomness.
    fn prologue(&mut self, kind: u8) -> Scan {
        match kind {
            3 => self.skip(3 * 8),
            6 => {
                self.skip(2 * 8)?;
                let length = self.length()?;
                self.skip(length)?;
                self.skip(8)
            }
            7 => {
                self.skip(3 * 8)?;
                self.digest()
            }
            8 | 9 => {
                self.skip(2 * 8)?;
                if self.option()? {
                    self.skip(8)?;
                }
                self.skip(8)?;
                self.digest()?;
                let assignment = 32 + 8 + 8 * usize::from(self.variant(&[0, 1])?);
                for _ in 0..self.length()? {
                    self.digest()?;
                    let assignments = self.length()?;
                    self.skip(assignments.checked_mul(assignment).ok_or(Decode)?)?;
                }
                match kind {
                    9 => self.digest(),
                    _ => Ok(()),
                }
            }
            // The change of an epoch and its like, once a day.
            _ => Err(Decode),
        }
    }

    fn expiration(&mut self) -> Scan {
        match self.byte()? {
            0 => Ok(()),
            1 => self.skip(8),
            2 => {
                for _ in 0..4 {
                    if self.option()? {
                        self.skip(8)?;
                    }
                }
                self.digest()?;
                self.skip(4)
            }
            _ => Err(Decode),
        }
    }

    /// Success, or one of the errors that are most of all errors.
    fn status(&mut self) -> Scan {
        match self.byte()? {
            0 => return Ok(()),
            1 => {}
            _ => return Err(Decode),
        }
        match self.byte()? {
            // Errors that say no more.
            0..=3 | 7..=10 => {}
            12 => {
                // Move aborted: where, and with which code.
                self.skip(32)?;
                self.identifier()?;
                self.skip(4)?;
                if self.option()? {
                    self.identifier()?;
                }
                self.skip(8)?;
            }
            _ => return Err(Decode),
        }
        if self.option()? {
            self.skip(8)?; // the command
        }
        Ok(())
    }

    fn unchanged(&mut self) -> Scan {
        self.skip(32)?;
        match self.byte()? {
            0 => {
                self.skip(8)?;
                self.digest()
            }
            1..=3 => self.skip(8),
            4 => Ok(()),
            _ => Err(Decode),
        }
    }

    fn end(&self) -> Scan {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Decode),
        }
    }
}
