//! Blocking a person: both vanish for each other, everywhere.

use crate::{Error, UserId};

/// Whether one person may block another.
pub fn may_block(viewer: UserId, person: UserId) -> Result<(), Error> {
    if viewer == person {
        return Err(Error::invalid("person", "You cannot block yourself."));
    }
    Ok(())
}

/// Whether the owner of a channel may appoint somebody as its moderator. Across a block, the person does not exist.
pub fn may_appoint(owner: UserId, member: UserId, is_blocked: bool) -> Result<(), Error> {
    if is_blocked {
        return Err(Error::not_found("person"));
    }
    if owner == member {
        return Err(Error::invalid("username", "You moderate your own channel already."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{may_appoint, may_block};
    use crate::{Error, UserId};
    use uuid::Uuid;

    #[test]
    fn nobody_blocks_or_appoints_themselves() {
        let (ana, ben) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        assert_eq!(may_block(ana, ben), Ok(()));
        assert!(may_block(ana, ana).is_err());
        assert_eq!(may_appoint(ana, ben, false), Ok(()));
        assert!(matches!(may_appoint(ana, ana, false), Err(Error::Invalid { .. })));
        assert_eq!(may_appoint(ana, ben, true), Err(Error::not_found("person")));
    }
}
