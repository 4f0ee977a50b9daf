//! The way to the commands: a vtctld elsewhere, or the same commands in this process.

use std::time::Duration;

use tonic::transport::Channel;
use vt_base::{Code, Error, Result};
use vt_control::Control;
use vt_proto::logutil::Event;
use vt_proto::vtctldata::*;
use vt_rpc::dial::{DialConfig, TabletDialer};
use vt_rpc::vtctlservice::{vtctl_client::VtctlClient, vtctld_client::VtctldClient};

/// Carries out requests.
#[derive(Clone)]
pub enum Client {
    /// By gRPC.
    Remote { address: String, channel: Channel, message_bytes_max: usize, timeout: Duration },
    /// Here.
    Internal { control: Box<Control>, timeout: Duration },
}

impl Client {
    /// Makes a client of the vtctld at `address`; it connects when it is first used.
    pub fn remote(address: &str, message_bytes_max: usize, timeout: Duration) -> Result<Client> {
        let config = DialConfig { message_bytes_max, ..DialConfig::default() };
        let channel = TabletDialer::new(config).channel(address)?;
        Ok(Client::Remote { address: address.to_owned(), channel, message_bytes_max, timeout })
    }

    /// Makes a client that carries the commands out in this process.
    pub fn internal(control: Control, timeout: Duration) -> Client {
        Client::Internal { control: Box::new(control), timeout }
    }

    /// Runs a command of the old kind; returns what it prints.
    pub async fn execute_vtctl_command(&self, args: Vec<String>) -> Result<String> {
        let (address, channel) = match self {
            Client::Internal { control, timeout } => {
                return within(*timeout, Box::pin(control.execute_vtctl_command(&args))).await;
            }
            Client::Remote { address, channel, .. } => (address, channel),
        };
        let action_timeout = i64::try_from(self.timeout().as_nanos()).unwrap_or(i64::MAX);
        let request = ExecuteVtctlCommandRequest { args, action_timeout };
        let mut client = VtctlClient::new(channel.clone());
        let printed = async {
            let failed = |status: tonic::Status| rpc_error(address, self.timeout(), &status);
            let mut events =
                client.execute_vtctl_command(request).await.map_err(failed)?.into_inner();
            let mut printed = String::new();
            while let Some(reply) = events.message().await.map_err(failed)? {
                let Event { value, .. } = reply.event.unwrap_or_default();
                printed.push_str(&value);
            }
            Ok(printed)
        };
        within(self.timeout(), printed).await
    }

    /// Has a tablet's data replaced; returns what was told until that ended.
    pub async fn restore_from_backup(
        &self,
        request: RestoreFromBackupRequest,
    ) -> Result<Vec<RestoreFromBackupResponse>> {
        let (address, channel) = match self {
            Client::Internal { control, timeout } => {
                return within(*timeout, Box::pin(control.restore_from_backup(request))).await;
            }
            Client::Remote { address, channel, .. } => (address, channel),
        };
        let mut client = VtctldClient::new(channel.clone());
        let told = async {
            let failed = |status: tonic::Status| rpc_error(address, self.timeout(), &status);
            let reply = client.restore_from_backup(request).await.map_err(failed)?;
            let (mut events, mut told) = (reply.into_inner(), Vec::new());
            while let Some(event) = events.message().await.map_err(failed)? {
                told.push(event);
            }
            Ok(told)
        };
        within(self.timeout(), told).await
    }

    fn timeout(&self) -> Duration {
        match self {
            Client::Remote { timeout, .. } | Client::Internal { timeout, .. } => *timeout,
        }
    }
}

/// Makes a method of each command of the table.
macro_rules! call {
    ($($method:ident($request:ident) -> $reply:ident;)*) => {
        impl Client {
            $(
                pub async fn $method(&self, request: $request) -> Result<$reply> {
                    match self {
                        Client::Internal { control, timeout } => {
                            within(*timeout, Box::pin(control.$method(request))).await
                        }
                        Client::Remote { address, channel, message_bytes_max, timeout } => {
                            let mut client = VtctldClient::new(channel.clone())
                                .max_decoding_message_size(*message_bytes_max)
                                .max_encoding_message_size(*message_bytes_max);
                            let mut request = tonic::Request::new(request);
                            request.set_timeout(*timeout);
                            match client.$method(request).await {
                                Ok(reply) => Ok(reply.into_inner()),
                                Err(status) => Err(rpc_error(address, *timeout, &status)),
                            }
                        }
                    }
                }
            )*
        }
    };
}

vt_control::with_commands!(call);

async fn within<T>(timeout: Duration, command: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(timeout, command).await.unwrap_or_else(|_elapsed| Err(too_long(timeout)))
}

fn too_long(timeout: Duration) -> Error {
    Error::new(Code::DeadlineExceeded, format!("the command took longer than {timeout:?}"))
}

/// Reads the error of a call; one that never reached a vtctld says so.
fn rpc_error(address: &str, timeout: Duration, status: &tonic::Status) -> Error {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(status);
    while let Some(inner) = cause.and_then(|one| one.source()) {
        cause = Some(inner);
    }
    match cause {
        // Our own end gave the call up.
        Some(_)
            if matches!(status.code(), tonic::Code::Cancelled | tonic::Code::DeadlineExceeded) =>
        {
            too_long(timeout)
        }
        Some(cause) => Error::new(
            Code::Unavailable,
            format!(
                "cannot reach a vtctld at {address}: {cause}; start one, pass its address with --server, or use --server internal"
            ),
        ),
        None => vt_rpc::status::from_status(status),
    }
}
