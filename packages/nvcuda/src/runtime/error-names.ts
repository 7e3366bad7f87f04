import { errorString } from "@decant/cuda";

/** Every cudaError_t but cudaSuccess: its number, and its name without `cudaError` (driver_types.h 13.0). */
const names = new Map(
  `
  1:InvalidValue 2:MemoryAllocation 3:InitializationError 4:CudartUnloading 5:ProfilerDisabled 6:ProfilerNotInitialized
  7:ProfilerAlreadyStarted 8:ProfilerAlreadyStopped 9:InvalidConfiguration 12:InvalidPitchValue 13:InvalidSymbol
  16:InvalidHostPointer 17:InvalidDevicePointer 18:InvalidTexture 19:InvalidTextureBinding 20:InvalidChannelDescriptor
  21:InvalidMemcpyDirection 22:AddressOfConstant 23:TextureFetchFailed 24:TextureNotBound 25:SynchronizationError
  26:InvalidFilterSetting 27:InvalidNormSetting 28:MixedDeviceExecution 31:NotYetImplemented 32:MemoryValueTooLarge
  34:StubLibrary 35:InsufficientDriver 36:CallRequiresNewerDriver 37:InvalidSurface 43:DuplicateVariableName
  44:DuplicateTextureName 45:DuplicateSurfaceName 46:DevicesUnavailable 49:IncompatibleDriverContext 52:MissingConfiguration
  53:PriorLaunchFailure 65:LaunchMaxDepthExceeded 66:LaunchFileScopedTex 67:LaunchFileScopedSurf 68:SyncDepthExceeded
  69:LaunchPendingCountExceeded 98:InvalidDeviceFunction 100:NoDevice 101:InvalidDevice 102:DeviceNotLicensed
  103:SoftwareValidityNotEstablished 127:StartupFailure 200:InvalidKernelImage 201:DeviceUninitialized 205:MapBufferObjectFailed
  206:UnmapBufferObjectFailed 207:ArrayIsMapped 208:AlreadyMapped 209:NoKernelImageForDevice 210:AlreadyAcquired 211:NotMapped
  212:NotMappedAsArray 213:NotMappedAsPointer 214:ECCUncorrectable 215:UnsupportedLimit 216:DeviceAlreadyInUse
  217:PeerAccessUnsupported 218:InvalidPtx 219:InvalidGraphicsContext 220:NvlinkUncorrectable 221:JitCompilerNotFound
  222:UnsupportedPtxVersion 223:JitCompilationDisabled 224:UnsupportedExecAffinity 225:UnsupportedDevSideSync 226:Contained
  300:InvalidSource 301:FileNotFound 302:SharedObjectSymbolNotFound 303:SharedObjectInitFailed 304:OperatingSystem
  400:InvalidResourceHandle 401:IllegalState 402:LossyQuery 500:SymbolNotFound 600:NotReady 700:IllegalAddress
  701:LaunchOutOfResources 702:LaunchTimeout 703:LaunchIncompatibleTexturing 704:PeerAccessAlreadyEnabled
  705:PeerAccessNotEnabled 708:SetOnActiveProcess 709:ContextIsDestroyed 710:Assert 711:TooManyPeers
  712:HostMemoryAlreadyRegistered 713:HostMemoryNotRegistered 714:HardwareStackError 715:IllegalInstruction 716:MisalignedAddress
  717:InvalidAddressSpace 718:InvalidPc 719:LaunchFailure 720:CooperativeLaunchTooLarge 721:TensorMemoryLeak 800:NotPermitted
  801:NotSupported 802:SystemNotReady 803:SystemDriverMismatch 804:CompatNotSupportedOnDevice 805:MpsConnectionFailed
  806:MpsRpcFailure 807:MpsServerNotReady 808:MpsMaxClientsReached 809:MpsMaxConnectionsReached 810:MpsClientTerminated
  811:CdpNotSupported 812:CdpVersionMismatch 900:StreamCaptureUnsupported 901:StreamCaptureInvalidated 902:StreamCaptureMerge
  903:StreamCaptureUnmatched 904:StreamCaptureUnjoined 905:StreamCaptureIsolation 906:StreamCaptureImplicit 907:CapturedEvent
  908:StreamCaptureWrongThread 909:Timeout 910:GraphExecUpdateFailure 911:ExternalDevice 912:InvalidClusterSize
  913:FunctionNotLoaded 914:InvalidResourceType 915:InvalidResourceConfiguration 999:Unknown
`
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [code, name] = entry.split(":");
      return [Number(code), `cudaError${name}`] as const;
    }),
);

/** Texts that the driver has not, or puts otherwise; cudaGetErrorString of libcudart 13.0 gave them. */
const texts = new Map<number, string>([
  [9, "invalid configuration argument"],
  [12, "invalid pitch argument"],
  [13, "invalid device symbol"],
  [16, "invalid host pointer"],
  [17, "invalid device pointer"],
  [18, "invalid texture reference"],
  [19, "texture is not bound to a pointer"],
  [20, "invalid channel descriptor"],
  [21, "invalid copy direction for memcpy"],
  [22, "invalid address of constant"],
  [23, "fetch from texture failed"],
  [24, "cannot fetch from a texture that is not bound"],
  [25, "incorrect use of __syncthreads()"],
  [26, "linear filtering not supported for non-float type"],
  [27, "read as normalized float not supported for data type"],
  [28, "device emulation mode and device execution mode cannot be mixed"],
  [31, "feature not yet implemented"],
  [32, "memory size or pointer value too large to fit in 32 bit"],
  [35, "CUDA driver version is insufficient for CUDA runtime version"],
  [37, "invalid surface reference"],
  [43, "duplicate global variable looked up by string name"],
  [44, "duplicate texture looked up by string name"],
  [45, "duplicate surface looked up by string name"],
  [49, "incompatible driver context"],
  [52, "__global__ function call is not configured"],
  [53, "unspecified launch failure in prior launch"],
  [65, "launch would exceed maximum depth of nested launches"],
  [66, "launch failed because kernel uses unsupported, file-scoped textures (texture objects are supported)"],
  [67, "launch failed because kernel uses unsupported, file-scoped surfaces (surface objects are supported)"],
  [68, "cudaDeviceSynchronize failed because caller's grid depth exceeds cudaLimitDevRuntimeSyncDepth"],
  [69, "launch failed because launch would exceed cudaLimitDevRuntimePendingLaunchCount"],
  [98, "invalid device function"],
  [103, "integrity checks failed"],
  [127, "startup failure in cuda runtime"],
  [721, "tensor memory not completely freed"],
  [914, "one or more resources passed in are not valid resource types for the operation"],
  [915, "one or more resources are insufficient or non-applicable for the operation"],
]);

/** What cudaGetErrorName and cudaGetErrorString say of a number that is no cudaError_t. */
const UNRECOGNISED = "unrecognized error code";

/** cudaError_t that no CUresult has the number of; all others are those of the driver. */
export const CUDA_RUNTIME_ERROR = {
  INVALID_CONFIGURATION: 9,
  INVALID_SYMBOL: 13,
  INVALID_CHANNEL_DESCRIPTOR: 20,
  INVALID_MEMCPY_DIRECTION: 21,
  MISSING_CONFIGURATION: 52,
  INVALID_DEVICE_FUNCTION: 98,
} as const;

/** What cudaGetErrorName gives. */
export function runtimeErrorName(code: number): string {
  return code === 0 ? "cudaSuccess" : (names.get(code) ?? UNRECOGNISED);
}

/** What cudaGetErrorString gives. */
export function runtimeErrorString(code: number): string {
  return code !== 0 && !names.has(code) ? UNRECOGNISED : (texts.get(code) ?? errorString(code) ?? UNRECOGNISED);
}
