//! The questions that `node` asks about logs.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{LoginLog, LoginLogId, OperationLog, OperationLogId};
use super::repository;
use crate::error::{Error, Result};
use crate::graphql::Batch;

/// An attempt to log in, within the viewer's scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginLogById(pub LoginLogId);

impl Loader<LoginLogById> for Batch {
    type Value = Arc<LoginLog>;
    type Error = Error;

    async fn load(&self, keys: &[LoginLogById]) -> Result<HashMap<LoginLogById, Arc<LoginLog>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::logins_by_ids(&mut self.app.db.read().await?, self.viewer.scope(), &ids).await?;
        Ok(rows.into_iter().map(|log| (LoginLogById(log.id), Arc::new(log))).collect())
    }
}

/// An operation, within the viewer's scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationLogById(pub OperationLogId);

impl Loader<OperationLogById> for Batch {
    type Value = Arc<OperationLog>;
    type Error = Error;

    async fn load(&self, keys: &[OperationLogById]) -> Result<HashMap<OperationLogById, Arc<OperationLog>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::operations_by_ids(&mut self.app.db.read().await?, self.viewer.scope(), &ids).await?;
        Ok(rows.into_iter().map(|log| (OperationLogById(log.id), Arc::new(log))).collect())
    }
}
