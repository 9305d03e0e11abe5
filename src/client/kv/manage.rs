//! Buckets come and go: which stream a bucket is, by ADR-8 and nats.go's `prepareKeyValueConfig`. Knows no keys.

use super::{Bucket, PREFIX, is_api, valid_bucket};
use crate::client::{error::Error, jetstream::Context, types::*};
use crate::wire::json::Writer;
use crate::wire::sorted::Sorted;
use crate::wire::time::SECOND;

const STREAM_NAME_IN_USE: u32 = 10058;
const STREAM_NOT_FOUND: u32 = 10059;

/// What [`Context::create_key_value`] makes a bucket of. Sizes are bytes, times ns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Name: letters, digits, `-`, `_`.
    pub bucket: String,
    /// Shown by status.
    pub description: String,
    /// Largest value; 0: no limit.
    pub max_value_size: i32,
    /// Values kept for each key, 1–64; 0 means 1.
    pub history: i64,
    /// Values vanish after this; 0: never.
    pub ttl: i64,
    /// Largest bucket; 0: no limit.
    pub max_bytes: i64,
    /// File or memory.
    pub storage: StorageType,
    /// 0 means 1.
    pub replicas: i64,
    /// Where in a cluster.
    pub placement: Option<Placement>,
    /// Publish changes again.
    pub republish: Option<Republish>,
    /// Bucket this one mirrors; `KV_` is put before the name if it lacks it.
    pub mirror: Option<StreamSource>,
    /// Buckets copied from; ignored with a mirror.
    pub sources: Vec<StreamSource>,
    /// Compress file storage.
    pub compression: bool,
    /// Markers for what limits removed, kept for this long; also allows TTLs of single keys. 0: none.
    pub limit_marker_ttl: i64,
    /// Kept with the stream.
    pub metadata: Sorted<String, String>,
}

impl Context {
    /// Opens a bucket (STREAM.INFO): [`Error::InvalidBucketName`], [`Error::BucketNotFound`], [`Error::BadBucket`].
    pub async fn key_value(&self, bucket: &str) -> Result<Bucket, Error> {
        if !valid_bucket(bucket) {
            return Err(Error::InvalidBucketName);
        }
        match self.stream_info(&format!("{PREFIX}{bucket}")).await {
            Ok(info) if info.config.max_msgs_per_subject < 1 => Err(Error::BadBucket),
            Ok(info) => Ok(Bucket::new(self, info)),
            Err(error) if is_api(&error, &[STREAM_NOT_FOUND]) => Err(Error::BucketNotFound),
            Err(error) => Err(error),
        }
    }

    /// Creates a bucket; the same configuration again is no error, another one is [`Error::BucketExists`].
    pub async fn create_key_value(&self, config: &Config) -> Result<Bucket, Error> {
        let stream = self.stream_config(config).await?;
        match self.stream("CREATE", &stream.name, &body(&stream)).await {
            Ok(info) => Ok(Bucket::new(self, info)),
            Err(Error::Api(mut error)) if error.err_code == STREAM_NAME_IN_USE => {
                // nats.go has words of its own here.
                error.description = "stream name already in use".into();
                Err(Error::BucketExists(config.bucket.clone(), error))
            }
            Err(error) => Err(error),
        }
    }

    /// Changes a bucket's configuration to `config`: [`Error::BucketNotFoundNamed`].
    pub async fn update_key_value(&self, config: &Config) -> Result<Bucket, Error> {
        let stream = self.stream_config(config).await?;
        match self.stream("UPDATE", &stream.name, &body(&stream)).await {
            Ok(info) => Ok(Bucket::new(self, info)),
            Err(error) => Err(named_not_found(error, &config.bucket)),
        }
    }

    /// Removes a bucket: [`Error::BucketNotFoundNamed`].
    pub async fn delete_key_value(&self, bucket: &str) -> Result<(), Error> {
        if !valid_bucket(bucket) {
            return Err(Error::InvalidBucketName);
        }
        let deleted = self.delete_stream(&format!("{PREFIX}{bucket}")).await;
        deleted.map_err(|error| named_not_found(error, bucket))
    }

    /// Names of all buckets, sorted. It asks STREAM.NAMES for every stream, since those of mirrors have no subjects to ask for;
    /// nats.go asks by subject, and leaves mirrors out.
    pub async fn key_value_names(&self) -> Result<Vec<String>, Error> {
        let names = self.stream_names("").await?;
        let buckets = names.iter().filter_map(|name| name.strip_prefix(PREFIX));
        Ok(buckets.map(Into::into).collect())
    }

    /// Streams of all buckets, sorted by name. Like natscli's `kv ls` it asks STREAM.LIST for every stream.
    pub async fn key_value_stores(&self) -> Result<Vec<StreamInfo>, Error> {
        let mut streams = self.streams("").await?;
        streams.retain(|info| info.config.name.starts_with(PREFIX));
        Ok(streams)
    }

    /// The stream of a bucket, by the rules of ADR-8 and nats.go's `prepareKeyValueConfig`.
    async fn stream_config(&self, config: &Config) -> Result<StreamConfig, Error> {
        if !valid_bucket(&config.bucket) {
            return Err(Error::InvalidBucketName);
        }
        self.account_info().await.map_err(not_enabled)?;
        if config.history > 64 {
            return Err(Error::HistoryTooLarge);
        }
        if config.limit_marker_ttl != 0 && self.account_info().await?.api.level < 1 {
            return Err(Error::LimitMarkerTtlNotSupported);
        }
        let or_unlimited = |limit: i64| if limit == 0 { UNLIMITED } else { limit };
        let window = 120 * SECOND;
        let mut stream = StreamConfig {
            name: format!("{PREFIX}{}", config.bucket),
            description: config.description.clone(),
            max_consumers: UNLIMITED,
            max_msgs: UNLIMITED,
            max_msgs_per_subject: config.history.max(1),
            max_bytes: or_unlimited(config.max_bytes),
            max_age: config.ttl,
            max_msg_size: if config.max_value_size == 0 {
                -1
            } else {
                config.max_value_size
            },
            storage: config.storage,
            discard: DiscardPolicy::New,
            num_replicas: config.replicas.max(1),
            duplicate_window: if config.ttl > 0 {
                config.ttl.min(window)
            } else {
                window
            },
            placement: config.placement.clone(),
            compression: match config.compression {
                true => Compression::S2,
                false => Compression::None,
            },
            republish: config.republish.clone(),
            deny_delete: true,
            allow_rollup_hdrs: true,
            allow_direct: true,
            allow_msg_ttl: config.limit_marker_ttl != 0,
            subject_delete_marker_ttl: config.limit_marker_ttl,
            metadata: config.metadata.clone(),
            ..StreamConfig::default()
        };
        if let Some(mirror) = &config.mirror {
            let mut mirror = mirror.clone();
            if !mirror.name.starts_with(PREFIX) {
                mirror.name.insert_str(0, PREFIX);
            }
            stream.mirror = Some(mirror);
            stream.mirror_direct = true;
        } else {
            let sources = config.sources.iter();
            stream.sources = sources
                .map(|source| source_of(source, &config.bucket))
                .collect();
            stream.subjects = vec![format!("$KV.{}.>", config.bucket)];
        }
        Ok(stream)
    }
}

/// What a bucket's stream may have, in nats.go's order, which is not that of [`to_json`](crate::wire::json::to_json).
fn body(c: &StreamConfig) -> Vec<u8> {
    let names = "name description? subjects? retention max_consumers max_msgs max_bytes discard max_age \
         max_msgs_per_subject max_msg_size? storage num_replicas duplicate_window? placement? mirror? sources? \
         deny_delete? allow_rollup_hdrs? compression republish? allow_direct mirror_direct consumer_limits metadata? \
         allow_msg_ttl? subject_delete_marker_ttl?";
    let mut writer = Writer::default();
    writer.record(
        names,
        &[
            &c.name,
            &c.description,
            &c.subjects,
            &c.retention,
            &c.max_consumers,
            &c.max_msgs,
            &c.max_bytes,
            &c.discard,
            &c.max_age,
            &c.max_msgs_per_subject,
            &c.max_msg_size,
            &c.storage,
            &c.num_replicas,
            &c.duplicate_window,
            &c.placement,
            &c.mirror,
            &c.sources,
            &c.deny_delete,
            &c.allow_rollup_hdrs,
            &c.compression,
            &c.republish,
            &c.allow_direct,
            &c.mirror_direct,
            &c.consumer_limits,
            &c.metadata,
            &c.allow_msg_ttl,
            &c.subject_delete_marker_ttl,
        ],
    );
    writer.finish()
}

/// A bucket as a source: under its stream's name, with its keys renamed into `bucket`.
fn source_of(source: &StreamSource, bucket: &str) -> StreamSource {
    let mut source = source.clone();
    if source.subject_transforms.is_empty() {
        let origin = match source.name.strip_prefix(PREFIX) {
            Some(origin) => origin.to_string(),
            None => {
                let name = format!("{PREFIX}{}", source.name);
                std::mem::replace(&mut source.name, name)
            }
        };
        if source.external.is_none() || origin != bucket {
            source.subject_transforms = vec![SubjectTransform {
                src: format!("$KV.{origin}.>"),
                dest: format!("$KV.{bucket}.>"),
            }];
        }
    }
    source
}

/// Without JetStream nobody answers; nats.go says it as the API would.
fn not_enabled(error: Error) -> Error {
    match error {
        Error::NoResponders => Error::Api(ApiError {
            code: 503,
            err_code: 10076,
            description: "jetstream not enabled".into(),
        }),
        error => error,
    }
}

fn named_not_found(error: Error, bucket: &str) -> Error {
    match error {
        Error::Api(api) if api.err_code == STREAM_NOT_FOUND => {
            Error::BucketNotFoundNamed(bucket.into(), api)
        }
        error => error,
    }
}

impl Bucket {
    /// The bucket a stream is.
    fn new(context: &Context, info: StreamInfo) -> Bucket {
        let name = info.config.name.strip_prefix(PREFIX).unwrap_or_default();
        let mut read = format!("$KV.{name}.");
        let mut write = None;
        if let Some(mirror) = &info.config.mirror {
            let origin = mirror.name.strip_prefix(PREFIX).unwrap_or(&mirror.name);
            let origin = format!("$KV.{origin}.");
            match mirror
                .external
                .as_ref()
                .filter(|external| !external.api.is_empty())
            {
                Some(external) => {
                    write = Some(format!("{}.{origin}", external.api));
                    read = origin;
                }
                None => write = Some(origin),
            }
        }
        Bucket {
            context: context.clone(),
            name: name.into(),
            write: write.unwrap_or_else(|| read.clone()),
            read,
            direct: info.config.allow_direct,
        }
    }
}
