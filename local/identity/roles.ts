/**
 * The permissions of Google's predefined roles, for the roles that an image pipeline grants and the permissions that
 * the local cloud asks for. `x.*` stands for every permission that begins with `x.`. A role that is not listed is
 * refused when it is granted, so that a missing line shows as an error and never as a silent refusal later.
 */
export const PREDEFINED_ROLES: Readonly<Record<string, readonly string[]>> = {
  "roles/owner": ["*"],
  "roles/editor": [
    ...["artifactregistry.repositories.*", "artifactregistry.packages.*", "artifactregistry.tags.*"],
    ...["artifactregistry.versions.*", "artifactregistry.dockerimages.*", "cloudbuild.*", "cloudscheduler.*"],
    ...["logging.*", "monitoring.*", "pubsub.topics.*", "pubsub.subscriptions.*", "iam.serviceAccounts.actAs"],
    ...["iam.serviceAccounts.get", "iam.serviceAccounts.list", "iam.serviceAccounts.create"],
    ...["iam.serviceAccounts.update", "iam.serviceAccounts.delete", "resourcemanager.projects.get"],
    ...["serviceusage.services.*", "serviceusage.quotas.get", "storage.buckets.create", "storage.buckets.list"],
    ...["secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.secrets.create"],
  ],
  "roles/viewer": [
    ...["artifactregistry.repositories.get", "artifactregistry.repositories.list"],
    ...["artifactregistry.repositories.downloadArtifacts", "artifactregistry.packages.get"],
    ...["artifactregistry.packages.list", "artifactregistry.tags.get", "artifactregistry.tags.list"],
    ...["artifactregistry.versions.get", "artifactregistry.versions.list", "artifactregistry.dockerimages.get"],
    ...["artifactregistry.dockerimages.list", "cloudbuild.builds.get", "cloudbuild.builds.list"],
    ...["cloudbuild.workerpools.get", "cloudbuild.workerpools.list", "cloudbuild.connections.get"],
    ...["cloudbuild.connections.list", "cloudbuild.repositories.get", "cloudbuild.repositories.list"],
    ...["cloudbuild.operations.get", "cloudscheduler.jobs.get", "cloudscheduler.jobs.list", "iam.roles.get"],
    ...["iam.roles.list", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "logging.logMetrics.get"],
    ...["logging.logMetrics.list", "logging.logEntries.list", "monitoring.alertPolicies.get"],
    ...["monitoring.alertPolicies.list", "monitoring.dashboards.get", "monitoring.dashboards.list"],
    ...["monitoring.notificationChannels.get", "monitoring.notificationChannels.list", "pubsub.topics.get"],
    ...["pubsub.topics.list", "pubsub.subscriptions.get", "pubsub.subscriptions.list"],
    ...["resourcemanager.projects.get", "secretmanager.secrets.get", "secretmanager.secrets.list"],
    ...["secretmanager.versions.get", "secretmanager.versions.list", "serviceusage.services.get"],
    ...["serviceusage.services.list", "serviceusage.quotas.get", "storage.buckets.list"],
  ],
  "roles/browser": ["resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"],

  "roles/artifactregistry.reader": artifactReader(),
  "roles/artifactregistry.writer": artifactWriter(),
  "roles/artifactregistry.createOnPushWriter": [...artifactWriter(), "artifactregistry.repositories.createOnPush"],
  "roles/artifactregistry.repoAdmin": [
    ...artifactWriter(),
    ...["artifactregistry.repositories.deleteArtifacts", "artifactregistry.packages.delete"],
    ...["artifactregistry.packages.update", "artifactregistry.tags.delete", "artifactregistry.versions.delete"],
    "artifactregistry.versions.update",
  ],
  "roles/artifactregistry.admin": ["artifactregistry.*"],

  "roles/cloudbuild.builds.viewer": [
    ...["cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.operations.get"],
    ...["cloudbuild.operations.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.builds.editor": [
    ...["cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.builds.create", "cloudbuild.builds.update"],
    ...["cloudbuild.operations.get", "cloudbuild.operations.list", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.builds.approver": [
    ...["cloudbuild.builds.approve", "cloudbuild.builds.get", "cloudbuild.builds.list"],
    "cloudbuild.operations.get",
  ],
  "roles/cloudbuild.builds.builder": [
    ...artifactWriter(),
    ...["cloudbuild.builds.create", "cloudbuild.builds.get", "cloudbuild.builds.list", "cloudbuild.builds.update"],
    ...["cloudbuild.operations.get", "cloudbuild.workerpools.use", "logging.logEntries.create"],
    ...["logging.logEntries.list", "pubsub.topics.create", "pubsub.topics.publish", "storage.buckets.create"],
    ...["storage.buckets.get", "storage.buckets.list", "storage.objects.create", "storage.objects.delete"],
    ...["storage.objects.get", "storage.objects.list", "storage.objects.update", "resourcemanager.projects.get"],
  ],
  "roles/cloudbuild.workerPoolUser": ["cloudbuild.workerpools.use"],
  "roles/cloudbuild.workerPoolViewer": ["cloudbuild.workerpools.get", "cloudbuild.workerpools.list"],
  "roles/cloudbuild.workerPoolEditor": [
    ...["cloudbuild.workerpools.get", "cloudbuild.workerpools.list", "cloudbuild.workerpools.create"],
    ...["cloudbuild.workerpools.update", "cloudbuild.workerpools.delete"],
  ],
  "roles/cloudbuild.workerPoolOwner": ["cloudbuild.workerpools.*"],
  "roles/cloudbuild.connectionAdmin": ["cloudbuild.connections.*", "cloudbuild.repositories.*"],
  "roles/cloudbuild.connectionViewer": [
    ...["cloudbuild.connections.get", "cloudbuild.connections.list"],
    ...["cloudbuild.repositories.get", "cloudbuild.repositories.list"],
  ],
  "roles/cloudbuild.readTokenAccessor": ["cloudbuild.repositories.accessReadToken", "cloudbuild.repositories.get"],

  "roles/cloudscheduler.admin": ["cloudscheduler.*"],
  "roles/cloudscheduler.viewer": ["cloudscheduler.jobs.get", "cloudscheduler.jobs.list"],
  "roles/cloudscheduler.jobRunner": ["cloudscheduler.jobs.run"],
  "roles/cloudscheduler.serviceAgent": ["iam.serviceAccounts.getAccessToken", "pubsub.topics.publish"],

  "roles/iam.serviceAccountUser": ["iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list"],
  "roles/iam.serviceAccountTokenCreator": ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.get"],
  "roles/iam.workloadIdentityUser": ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.get"],
  "roles/iam.serviceAccountViewer": ["iam.serviceAccounts.get", "iam.serviceAccounts.list"],
  "roles/iam.serviceAccountAdmin": [
    ...["iam.serviceAccounts.create", "iam.serviceAccounts.delete", "iam.serviceAccounts.disable"],
    ...["iam.serviceAccounts.enable", "iam.serviceAccounts.get", "iam.serviceAccounts.getIamPolicy"],
    ...["iam.serviceAccounts.list", "iam.serviceAccounts.setIamPolicy", "iam.serviceAccounts.update"],
  ],
  "roles/iam.roleAdmin": ["iam.roles.*"],
  "roles/resourcemanager.projectIamAdmin": [
    ...["resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"],
    "resourcemanager.projects.setIamPolicy",
  ],

  "roles/logging.logWriter": ["logging.logEntries.create"],
  "roles/logging.viewer": ["logging.logEntries.list", "logging.logMetrics.get", "logging.logMetrics.list"],
  "roles/logging.configWriter": ["logging.logMetrics.*"],
  "roles/logging.admin": ["logging.*"],
  "roles/monitoring.metricWriter": ["monitoring.timeSeries.create"],
  "roles/monitoring.viewer": [
    ...["monitoring.alertPolicies.get", "monitoring.alertPolicies.list", "monitoring.dashboards.get"],
    ...["monitoring.dashboards.list", "monitoring.notificationChannels.get", "monitoring.notificationChannels.list"],
  ],
  "roles/monitoring.editor": ["monitoring.*"],
  "roles/monitoring.admin": ["monitoring.*"],

  "roles/pubsub.publisher": ["pubsub.topics.publish"],
  "roles/pubsub.subscriber": ["pubsub.subscriptions.consume", "pubsub.topics.attachSubscription"],
  "roles/pubsub.viewer": [
    ...["pubsub.topics.get", "pubsub.topics.list", "pubsub.subscriptions.get", "pubsub.subscriptions.list"],
  ],
  "roles/pubsub.editor": [
    ...["pubsub.topics.create", "pubsub.topics.delete", "pubsub.topics.get", "pubsub.topics.list"],
    ...["pubsub.topics.publish", "pubsub.topics.update", "pubsub.topics.attachSubscription"],
    ...["pubsub.subscriptions.create", "pubsub.subscriptions.delete", "pubsub.subscriptions.get"],
    ...["pubsub.subscriptions.list", "pubsub.subscriptions.update", "pubsub.subscriptions.consume"],
  ],
  "roles/pubsub.admin": ["pubsub.*"],

  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
  "roles/secretmanager.viewer": [
    ...["secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.secrets.getIamPolicy"],
    ...["secretmanager.versions.get", "secretmanager.versions.list"],
  ],
  "roles/secretmanager.secretVersionAdder": ["secretmanager.versions.add"],
  "roles/secretmanager.secretVersionManager": [
    ...["secretmanager.versions.add", "secretmanager.versions.destroy", "secretmanager.versions.disable"],
    ...["secretmanager.versions.enable", "secretmanager.versions.get", "secretmanager.versions.list"],
  ],
  "roles/secretmanager.admin": ["secretmanager.*"],

  "roles/serviceusage.serviceUsageViewer": [
    ...["serviceusage.services.get", "serviceusage.services.list", "serviceusage.quotas.get"],
  ],
  "roles/serviceusage.serviceUsageConsumer": [
    ...["serviceusage.services.get", "serviceusage.services.list", "serviceusage.services.use"],
    "serviceusage.quotas.get",
  ],
  "roles/serviceusage.serviceUsageAdmin": ["serviceusage.*"],
  "roles/servicemanagement.quotaViewer": ["serviceusage.quotas.get"],

  "roles/storage.objectViewer": ["storage.objects.get", "storage.objects.list"],
  "roles/storage.objectCreator": ["storage.objects.create"],
  "roles/storage.objectUser": [
    ...["storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list"],
    "storage.objects.update",
  ],
  "roles/storage.objectAdmin": ["storage.objects.*"],
  "roles/storage.bucketViewer": ["storage.buckets.get", "storage.buckets.list"],
  "roles/storage.insightsCollectorService": ["storage.buckets.get"],
  "roles/storage.legacyBucketReader": ["storage.buckets.get", "storage.objects.list"],
  "roles/storage.legacyBucketWriter": [
    ...["storage.buckets.get", "storage.objects.create", "storage.objects.delete", "storage.objects.list"],
  ],
  "roles/storage.legacyBucketOwner": [
    ...["storage.buckets.get", "storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"],
    ...["storage.buckets.update", "storage.objects.create", "storage.objects.delete", "storage.objects.list"],
  ],
  "roles/storage.legacyObjectReader": ["storage.objects.get"],
  "roles/storage.legacyObjectOwner": ["storage.objects.get", "storage.objects.update"],
  "roles/storage.admin": ["storage.*"],
};

function artifactReader(): readonly string[] {
  return [
    ...["artifactregistry.dockerimages.get", "artifactregistry.dockerimages.list", "artifactregistry.packages.get"],
    ...["artifactregistry.packages.list", "artifactregistry.repositories.downloadArtifacts"],
    ...["artifactregistry.repositories.get", "artifactregistry.repositories.list", "artifactregistry.tags.get"],
    ...["artifactregistry.tags.list", "artifactregistry.versions.get", "artifactregistry.versions.list"],
  ];
}

function artifactWriter(): readonly string[] {
  return [
    ...artifactReader(),
    ...["artifactregistry.repositories.uploadArtifacts", "artifactregistry.tags.create"],
    "artifactregistry.tags.update",
  ];
}

/** Whether a list of permissions (with `x.*`) holds one. */
export function grants(permissions: readonly string[], wanted: string): boolean {
  return permissions.some(
    (permission) =>
      permission === wanted ||
      permission === "*" ||
      (permission.endsWith(".*") && wanted.startsWith(permission.slice(0, -1))),
  );
}
